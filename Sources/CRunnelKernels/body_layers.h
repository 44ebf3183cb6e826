// The layers that multiply and carry nothing: each reads rows, or frames of a ring, and writes rows.

// MARK: linear

// A linear layer and what is done to its sums.
typedef struct {
  const runnel_linear *layer;
  runnel_activation activation;
} RUNNEL_SET(dense);

// y = activation(b + W x)
IN void RUNNEL_SET(linear_rows)(const RUNNEL_SET(dense) *dense, const RUNNEL_SET(batch) *b, int32_t row,
                                const int32_t rows, int32_t first, const int32_t registers, const int32_t chains,
                                const int32_t precision) {
  const runnel_linear *layer = dense->layer;
  const int64_t block_size = RUNNEL_SET(words)(precision, layer->inputs) * LANES;
  const float *x[RUNNEL_ROWS], *weights = layer->weights + (int64_t)first * (block_size / LANES);
  lanes sum[RUNNEL_TILE];
  UNROLLED for (int32_t r = 0; r < rows; r++) {
    x[r] = b->x + (row + r) * b->x_stride;
    UNROLLED for (int32_t v = 0; v < registers; v++) sum[r * registers + v] = LOAD(layer->bias + first + v * LANES);
  }
  RUNNEL_SET(accumulate_chained)(precision, sum, rows, registers, chains, weights, block_size, x, layer->inputs);
  UNROLLED for (int32_t r = 0; r < rows; r++)
    UNROLLED for (int32_t v = 0; v < registers; v++)
      STORE(b->y + (row + r) * b->y_stride + first + v * LANES,
            RUNNEL_SET(apply)(dense->activation, sum[r * registers + v]));
}

#define LINEAR(chains, name, precision)                                                                                \
  IN void RUNNEL_SET(linear##chains##_##name)(const void *layer, const RUNNEL_SET(batch) * b, int32_t row,             \
                                              const int32_t rows, int32_t first, const int32_t registers) {            \
    RUNNEL_SET(linear_rows)(layer, b, row, rows, first, registers, chains, precision);                                 \
  }                                                                                                                    \
  TILES(linear##chains##_##name, chains, 4 / chains)
LINEAR(1, f32, RUNNEL_FLOAT32) LINEAR(2, f32, RUNNEL_FLOAT32) LINEAR(4, f32, RUNNEL_FLOAT32)
LINEAR(1, bf16, RUNNEL_BF16) LINEAR(2, bf16, RUNNEL_BF16) LINEAR(4, bf16, RUNNEL_BF16)
#undef LINEAR

static void RUNNEL_SET(linear)(const runnel_linear *layer, int32_t rows, const float *x, int64_t x_stride,
                               runnel_activation activation, float *y, int64_t y_stride) {
  const RUNNEL_SET(dense) dense = {layer, activation};
  const RUNNEL_SET(batch) batch = {rows, x, y, x_stride, y_stride, NULL, NULL, 0};
  RUNNEL_SET(walk)(CHAINED(linear, layer->precision, layer->outputs), &dense, &batch, layer->outputs, 0, 2);
}

// MARK: rings

// Which frame of a ring lies `back` frames before the newest, 0 <= back < ring.
IN int32_t RUNNEL_SET(before)(const runnel_past *past, int32_t row, int32_t back) {
  const int32_t frame = past->at[row] - back;
  return frame < 0 ? frame + past->ring : frame;
}

// Outputs of one group and of none other, which share their features.
IN lanes RUNNEL_SET(taps_of_group)(lanes sum, const runnel_conv *layer, const float *weights, const float *ring,
                                   int32_t frame, int32_t group) {
  const int32_t features = layer->inputs / layer->groups;
  for (int32_t tap = 0; tap < layer->kernel; tap++, weights += (int64_t)features * LANES) {
    const float *in = ring + (int64_t)frame * layer->inputs + (int64_t)group * features;
    RUNNEL_SET(accumulate)(RUNNEL_FLOAT32, &sum, 1, 1, 1, 0, 1, 1, weights, 0, LANES, &in, features);
    frame += layer->dilation;
    if (frame >= layer->ring) frame -= layer->ring;
  }
  return sum;
}

// Outputs of several groups side by side: each takes the k-th feature of its own.
IN lanes RUNNEL_SET(taps_of_groups)(lanes sum, const runnel_conv *layer, const float *weights, const float *ring,
                                    int32_t frame, int32_t first) {
  const int32_t features = layer->inputs / layer->groups, outputs = layer->outputs / layer->groups;
  int32_t place[LANES];  // where the output's group begins in a frame; behind the last output, the last group's
  for (int32_t o = 0; o < LANES; o++) {
    const int32_t output = first + o < layer->outputs ? first + o : layer->outputs - 1;
    place[o] = output / outputs * features;
  }
  for (int32_t tap = 0; tap < layer->kernel; tap++) {
    const float *in = ring + (int64_t)frame * layer->inputs;
    for (int32_t k = 0; k < features; k++, weights += LANES) {
      float each[LANES];
      for (int32_t o = 0; o < LANES; o++) each[o] = in[place[o] + k];
      sum = FMA(LOAD(each), LOAD(weights), sum);
    }
    frame += layer->dilation;
    if (frame >= layer->ring) frame -= layer->ring;
  }
  return sum;
}

// Where groups are few features wide nothing is gained by tiles.
static void RUNNEL_SET(conv_of_groups)(const runnel_conv *layer, int32_t rows, const runnel_past *past,
                                       runnel_activation activation, float *y, int64_t y_stride) {
  const int64_t block_size = (int64_t)layer->kernel * (layer->inputs / layer->groups) * LANES;
  const int64_t ring_size = (int64_t)layer->ring * layer->inputs;
  const int32_t outputs = layer->outputs / layer->groups;
  for (int32_t first = 0; first < layer->outputs; first += LANES) {
    const float *weights = layer->weights + (int64_t)first * (block_size / LANES);
    const int32_t last = first + LANES < layer->outputs ? first + LANES - 1 : layer->outputs - 1;
    const int32_t group = first / outputs;
    for (int32_t row = 0; row < rows; row++) {
      const float *ring = past->rings + past->slot[row] * ring_size;
      const int32_t oldest = RUNNEL_SET(before)(past, row, layer->ring - 1);
      const lanes bias = LOAD(layer->bias + first);
      const lanes sum = group == last / outputs
                            ? RUNNEL_SET(taps_of_group)(bias, layer, weights, ring, oldest, group)
                            : RUNNEL_SET(taps_of_groups)(bias, layer, weights, ring, oldest, first);
      STORE(y + row * y_stride + first, RUNNEL_SET(apply)(activation, sum));
    }
  }
}

// The taps of a ring, oldest first. Without gaps between them they are what stands from the oldest to the ring's end, then
// what stands before it.
IN void RUNNEL_SET(lay_taps)(float *to, const runnel_conv *layer, const float *ring, int32_t frame) {
  const int64_t width = layer->inputs, behind = (layer->ring - frame) * width;
  if (layer->dilation == 1) {
    RUNNEL_SET(copy)(to, ring + frame * width, behind);
    RUNNEL_SET(copy)(to + behind, ring, frame * width);
    return;
  }
  for (int32_t tap = 0; tap < layer->kernel; tap++, to += width) {
    RUNNEL_SET(copy)(to, ring + frame * width, width);
    frame += layer->dilation;
    if (frame >= layer->ring) frame -= layer->ring;
  }
}

// A linear layer over the taps, laid side by side.
static void RUNNEL_SET(conv)(const runnel_conv *layer, int32_t rows, const runnel_past *past,
                             runnel_activation activation, float *y, int64_t y_stride) {
  const int64_t count = (int64_t)layer->kernel * layer->inputs;
  if (layer->groups > 1 || count > RUNNEL_TAPS) {
    RUNNEL_SET(conv_of_groups)(layer, rows, past, activation, y, y_stride);
    return;
  }
  const runnel_linear linear = {(int32_t)count, layer->outputs, layer->weights, layer->bias, RUNNEL_FLOAT32,
                                NULL};
  const int32_t fit = RUNNEL_TAPS / (int32_t)(count > 0 ? count : 1);
  const int32_t chunk = fit < RUNNEL_CHUNK ? fit : RUNNEL_CHUNK;
  float features[RUNNEL_TAPS];
  for (int32_t row = 0; row < rows; row += chunk) {
    const int32_t here = rows - row < chunk ? rows - row : chunk;
    for (int32_t r = 0; r < here; r++) {
      const float *ring = past->rings + (int64_t)past->slot[row + r] * layer->ring * layer->inputs;
      const int32_t oldest = RUNNEL_SET(before)(past, row + r, layer->ring - 1);
      RUNNEL_SET(lay_taps)(features + r * count, layer, ring, oldest);
    }
    RUNNEL_SET(linear)(&linear, here, features, count, activation, y + row * y_stride, y_stride);
  }
}

static void RUNNEL_SET(max_pool)(int32_t rows, int32_t width, int32_t kernel, int32_t dilation,
                                 const runnel_past *past, float *y, int64_t y_stride) {
  for (int32_t row = 0; row < rows; row++) {
    const float *ring = past->rings + (int64_t)past->slot[row] * past->ring * width;
    float *largest = y + row * y_stride;
    for (int32_t tap = 0; tap < kernel; tap++) {
      const float *candidate = ring + (int64_t)RUNNEL_SET(before)(past, row, (kernel - 1 - tap) * dilation) * width;
      for (int32_t k = 0; k < width; k++) {
        const int wins = tap == 0 || candidate[k] > largest[k] || candidate[k] != candidate[k];
        largest[k] = wins ? candidate[k] : largest[k];
      }
    }
  }
}

static void RUNNEL_SET(average_pool)(int32_t rows, int32_t width, int32_t kernel, int32_t dilation,
                                     const runnel_past *past, float *y, int64_t y_stride) {
  for (int32_t row = 0; row < rows; row++) {
    const float *ring = past->rings + (int64_t)past->slot[row] * past->ring * width;
    float *sum = y + row * y_stride;
    for (int32_t tap = 0; tap < kernel; tap++) {
      const float *frame = ring + (int64_t)RUNNEL_SET(before)(past, row, (kernel - 1 - tap) * dilation) * width;
      for (int32_t k = 0; k < width; k++) sum[k] = tap == 0 ? frame[k] : sum[k] + frame[k];
    }
    for (int32_t k = 0; k < width; k++) sum[k] /= (float)kernel;
  }
}
