// The layers that multiply and carry nothing: each reads rows, or frames of a ring, and writes rows.

// MARK: linear

IN void RUNNEL_SET(put)(runnel_activation activation, const lanes *sum, float *y) {
#pragma clang loop unroll(full)
  for (int32_t o = 0; o < PER_BLOCK; o++) STORE(y + o * LANES, RUNNEL_SET(apply)(activation, sum[o]));
}

static void RUNNEL_SET(linear)(const runnel_linear *layer, int32_t rows, const float *x, int64_t x_stride,
                               runnel_activation activation, float *y, int64_t y_stride) {
  const int64_t block_size = (int64_t)layer->inputs * RUNNEL_BLOCK;
  for (int32_t first = 0; first < layer->outputs; first += RUNNEL_BLOCK) {
    const float *weights = layer->weights + first / RUNNEL_BLOCK * block_size;
    for (int32_t row = 0; row < rows; row++) {
      lanes sum[PER_BLOCK];
      RUNNEL_SET(begin)(sum, PER_BLOCK, layer->bias + first);
      RUNNEL_SET(accumulate)(sum, PER_BLOCK, weights, RUNNEL_BLOCK, x + row * x_stride, layer->inputs);
      RUNNEL_SET(put)(activation, sum, y + row * y_stride + first);
    }
  }
}

// MARK: rings

// Which frame of a ring lies `back` frames before the newest, 0 <= back < ring.
IN int32_t RUNNEL_SET(before)(const runnel_past *past, int32_t row, int32_t back) {
  const int32_t frame = past->at[row] - back;
  return frame < 0 ? frame + past->ring : frame;
}

// Outputs of one group and of none other, which share their features: `accumulate` over each tap.
IN void RUNNEL_SET(taps_of_group)(lanes *sum, const runnel_conv *layer, const float *weights, const float *ring,
                                  int32_t frame, int32_t group) {
  const int32_t features = layer->inputs / layer->groups;
  for (int32_t tap = 0; tap < layer->kernel; tap++, weights += (int64_t)features * RUNNEL_BLOCK) {
    const float *in = ring + (int64_t)frame * layer->inputs + (int64_t)group * features;
    RUNNEL_SET(accumulate)(sum, PER_BLOCK, weights, RUNNEL_BLOCK, in, features);
    frame += layer->dilation;
    if (frame >= layer->ring) frame -= layer->ring;
  }
}

// Outputs of several groups side by side: each takes the k-th feature of its own.
IN void RUNNEL_SET(taps_of_groups)(lanes *sum, const runnel_conv *layer, const float *weights, const float *ring,
                                   int32_t frame, int32_t first) {
  const int32_t features = layer->inputs / layer->groups, outputs = layer->outputs / layer->groups;
  int32_t place[RUNNEL_BLOCK];  // where the output's group begins in a frame; behind the last output, the last group's
  for (int32_t o = 0; o < RUNNEL_BLOCK; o++) {
    const int32_t output = first + o < layer->outputs ? first + o : layer->outputs - 1;
    place[o] = output / outputs * features;
  }
  for (int32_t tap = 0; tap < layer->kernel; tap++) {
    const float *in = ring + (int64_t)frame * layer->inputs;
    for (int32_t k = 0; k < features; k++, weights += RUNNEL_BLOCK) {
      float each[RUNNEL_BLOCK];
      for (int32_t o = 0; o < RUNNEL_BLOCK; o++) each[o] = in[place[o] + k];
#pragma clang loop unroll(full)
      for (int32_t o = 0; o < PER_BLOCK; o++)
        sum[o] = FMA(LOAD(each + o * LANES), LOAD(weights + o * LANES), sum[o]);
    }
    frame += layer->dilation;
    if (frame >= layer->ring) frame -= layer->ring;
  }
}

static void RUNNEL_SET(conv)(const runnel_conv *layer, int32_t rows, const runnel_past *past,
                             runnel_activation activation, float *y, int64_t y_stride) {
  const int64_t block_size = (int64_t)layer->kernel * (layer->inputs / layer->groups) * RUNNEL_BLOCK;
  const int64_t ring_size = (int64_t)layer->ring * layer->inputs;
  const int32_t outputs = layer->outputs / layer->groups;
  for (int32_t first = 0; first < layer->outputs; first += RUNNEL_BLOCK) {
    const float *weights = layer->weights + first / RUNNEL_BLOCK * block_size;
    const int32_t last = first + RUNNEL_BLOCK < layer->outputs ? first + RUNNEL_BLOCK - 1 : layer->outputs - 1;
    const int32_t group = first / outputs;
    for (int32_t row = 0; row < rows; row++) {
      const float *ring = past->rings + past->slot[row] * ring_size;
      const int32_t oldest = RUNNEL_SET(before)(past, row, layer->ring - 1);
      lanes sum[PER_BLOCK];
      RUNNEL_SET(begin)(sum, PER_BLOCK, layer->bias + first);
      if (group == last / outputs)
        RUNNEL_SET(taps_of_group)(sum, layer, weights, ring, oldest, group);
      else
        RUNNEL_SET(taps_of_groups)(sum, layer, weights, ring, oldest, first);
      RUNNEL_SET(put)(activation, sum, y + row * y_stride + first);
    }
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
