// The layers that multiply and carry nothing: each reads rows, or frames of a ring, and writes rows.

// MARK: linear

// y = activation(b + W x) of one row; up to four panels at once, so that no sum waits for itself.
IN void RUNNEL_SET(linear_row)(const runnel_linear *layer, const int32_t panels, int32_t first, const float *x,
                               runnel_activation activation, float *y) {
  const int64_t panel_size = (int64_t)layer->inputs * LANES;
  lanes sum[4];
  UNROLLED for (int32_t p = 0; p < panels; p++) sum[p] = LOAD(layer->bias + first + p * LANES);
  RUNNEL_SET(accumulate)(sum, 1, panels, layer->weights + first / LANES * panel_size, panel_size, x, 0,
                         layer->inputs);
  UNROLLED for (int32_t p = 0; p < panels; p++)
    STORE(y + first + p * LANES, RUNNEL_SET(apply)(activation, sum[p]));
}

static void RUNNEL_SET(linear)(const runnel_linear *layer, int32_t rows, const float *x, int64_t x_stride,
                               runnel_activation activation, float *y, int64_t y_stride) {
  const int32_t blocks = (layer->outputs + LANES - 1) / LANES;
  const int64_t panel_size = (int64_t)layer->inputs * LANES;
  if (rows == 1) {
    int32_t block = 0;
    for (; block + 4 <= blocks; block += 4) RUNNEL_SET(linear_row)(layer, 4, block * LANES, x, activation, y);
    for (; block + 2 <= blocks; block += 2) RUNNEL_SET(linear_row)(layer, 2, block * LANES, x, activation, y);
    for (; block < blocks; block++) RUNNEL_SET(linear_row)(layer, 1, block * LANES, x, activation, y);
    return;
  }
  float sums[RUNNEL_CHUNK * SUMS];
  for (int32_t row = 0; row < rows; row += RUNNEL_CHUNK) {
    const int32_t here = rows - row < RUNNEL_CHUNK ? rows - row : RUNNEL_CHUNK;
    for (int32_t block = 0; block < blocks; block += 4) {
      const int32_t panels = blocks - block < 4 ? blocks - block : 4;
      const RUNNEL_SET(product) product = {
          layer->weights + block * panel_size, panel_size, x + row * x_stride, x_stride, layer->inputs,
          layer->bias + block * LANES, 0, sums,
      };
      RUNNEL_SET(multiply_rows)(&product, here, panels);
      for (int32_t r = 0; r < here; r++) {
        float *out = y + (row + r) * y_stride + block * LANES;
        for (int32_t p = 0; p < panels; p++)
          STORE(out + p * LANES, RUNNEL_SET(apply)(activation, LOAD(sums + r * SUMS + p * LANES)));
      }
    }
  }
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
    RUNNEL_SET(accumulate)(&sum, 1, 1, weights, 0, in, 0, features);
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
  const int64_t panel_size = (int64_t)layer->kernel * (layer->inputs / layer->groups) * LANES;
  const int64_t ring_size = (int64_t)layer->ring * layer->inputs;
  const int32_t outputs = layer->outputs / layer->groups;
  for (int32_t first = 0; first < layer->outputs; first += LANES) {
    const float *weights = layer->weights + first / LANES * panel_size;
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

// A linear layer over the taps, laid side by side.
static void RUNNEL_SET(conv)(const runnel_conv *layer, int32_t rows, const runnel_past *past,
                             runnel_activation activation, float *y, int64_t y_stride) {
  const int64_t count = (int64_t)layer->kernel * layer->inputs;
  const int32_t chunk = layer->groups == 1 ? RUNNEL_SET(chunk)(count) : 0;
  if (chunk == 0) {
    RUNNEL_SET(conv_of_groups)(layer, rows, past, activation, y, y_stride);
    return;
  }
  const runnel_linear linear = {(int32_t)count, layer->outputs, layer->weights, layer->bias};
  float features[RUNNEL_FEATURES];
  for (int32_t row = 0; row < rows; row += chunk) {
    const int32_t here = rows - row < chunk ? rows - row : chunk;
    for (int32_t r = 0; r < here; r++) {
      const float *ring = past->rings + (int64_t)past->slot[row + r] * layer->ring * layer->inputs;
      float *to = features + r * count;
      int32_t frame = RUNNEL_SET(before)(past, row + r, layer->ring - 1);
      for (int32_t tap = 0; tap < layer->kernel; tap++, to += layer->inputs) {
        RUNNEL_SET(copy)(to, ring + (int64_t)frame * layer->inputs, layer->inputs);
        frame += layer->dilation;
        if (frame >= layer->ring) frame -= layer->ring;
      }
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
