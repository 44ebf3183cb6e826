// The one body. kernels.c includes it once per instruction set, with RUNNEL_SET giving each its own names.

#define IN static inline __attribute__((always_inline))

// MARK: eight at once

IN lanes RUNNEL_SET(splat)(float x) { return (lanes){x, x, x, x, x, x, x, x}; }
IN lanes RUNNEL_SET(load)(const float *p) { return *(const lanes_in_memory *)p; }
IN void RUNNEL_SET(store)(float *p, lanes x) { *(lanes_in_memory *)p = x; }
IN lanes RUNNEL_SET(fma)(lanes a, lanes b, lanes c) { return __builtin_elementwise_fma(a, b, c); }
IN lanes RUNNEL_SET(select)(whole mask, lanes a, lanes b) { return (lanes)((mask & (whole)a) | (~mask & (whole)b)); }
IN lanes RUNNEL_SET(magnitude)(lanes x) { return (lanes)((bits)x & 0x7fffffffu); }
IN lanes RUNNEL_SET(with_sign)(lanes x, lanes sign) { return (lanes)((bits)x | ((bits)sign & 0x80000000u)); }

#define SPLAT RUNNEL_SET(splat)
#define LOAD RUNNEL_SET(load)
#define STORE RUNNEL_SET(store)
#define FMA RUNNEL_SET(fma)
#define SELECT RUNNEL_SET(select)

// MARK: exp, tanh, sigmoid

// e^x = 2^n e^r with n = round(x / ln 2) and |r| <= ln 2 / 2 (Cody and Waite's reduction, ln 2 in two parts).
// e^r = 1 + r + r^2 q(r); q of degree 4, a minimax fit whose relative error is 3.1e-9. 2^n goes on in two halves, so
// that results beyond the normal range round once and overflow to infinity.
IN lanes RUNNEL_SET(exp)(lanes x) {
  const lanes low = SPLAT(-104.0f), high = SPLAT(89.0f);  // e^low rounds to 0, e^high to infinity
  x = SELECT(x < low, low, x);
  x = SELECT(x > high, high, x);
  const lanes magic = SPLAT(0x1.8p23f);  // adding it rounds to an integer, which then stands in the low bits
  const lanes shifted = FMA(x, SPLAT(0x1.715476p0f), magic);
  const lanes n = shifted - magic;
  lanes r = FMA(n, SPLAT(-0x1.63p-1f), x);
  r = FMA(n, SPLAT(0x1.bd0106p-13f), r);
  lanes q = SPLAT(0x1.6a2430p-10f);
  q = FMA(q, r, SPLAT(0x1.1239e4p-7f));
  q = FMA(q, r, SPLAT(0x1.5558f2p-5f));
  q = FMA(q, r, SPLAT(0x1.555492p-3f));
  q = FMA(q, r, SPLAT(0x1.fffffcp-2f));
  const lanes p = FMA(q, r * r, r) + 1.0f;
  const whole count = (whole)((bits)shifted - (bits)magic);
  const whole half = count >> 1;
  const bits rest = (bits)count - (bits)half;
  const lanes first = (lanes)(((bits)half + 127u) << 23);
  const lanes second = (lanes)((rest + 127u) << 23);
  return SELECT(x != x, x, p * first * second);
}

// 1 / (1 + e^-x), from e^-|x| so that nothing overflows and small values keep their digits.
IN lanes RUNNEL_SET(sigmoid)(lanes x) {
  const lanes one = SPLAT(1.0f);
  const lanes e = RUNNEL_SET(exp)(-RUNNEL_SET(magnitude)(x));
  return SELECT(x < 0.0f, e, one) / (one + e);
}

// Below 0.625: x + x^3 p(x^2), p of degree 4, a minimax fit whose relative error is 4.4e-9. Above: 1 - 2 / (e^2|x| + 1).
IN lanes RUNNEL_SET(tanh)(lanes x) {
  const lanes z = x * x;
  lanes p = SPLAT(-0x1.75e1a8p-8f);
  p = FMA(p, z, SPLAT(0x1.522692p-6f));
  p = FMA(p, z, SPLAT(-0x1.b83c58p-5f));
  p = FMA(p, z, SPLAT(0x1.110726p-3f));
  p = FMA(p, z, SPLAT(-0x1.555532p-2f));
  const lanes a = RUNNEL_SET(magnitude)(x);
  const lanes small = FMA(a * z, p, a);
  const lanes e = RUNNEL_SET(exp)(a + a);
  const lanes large = 1.0f - 2.0f / (e + 1.0f);
  return RUNNEL_SET(with_sign)(SELECT(a < 0.625f, small, large), x);
}

IN lanes RUNNEL_SET(apply)(int32_t activation, lanes x) {
  switch (activation) {
    case RUNNEL_RELU: return SELECT(x < 0.0f, SPLAT(0.0f), x);
    case RUNNEL_TANH: return RUNNEL_SET(tanh)(x);
    case RUNNEL_SIGMOID: return RUNNEL_SET(sigmoid)(x);
    case RUNNEL_EXP: return RUNNEL_SET(exp)(x);
    default: return x;
  }
}

// MARK: layers

// sum[o] = fma(x[k], weights[k][o], sum[o]) for k ascending; `chains` registers of outputs.
#define ACCUMULATE(sum, chains, weights, x, count)                                        \
  for (int32_t k = 0; k < (count); k++, weights += (chains) * LANES) {                    \
    const lanes each = SPLAT((x)[k]);                                                     \
    _Pragma("clang loop unroll(full)") for (int32_t o = 0; o < (chains); o++) sum[o] =    \
        FMA(each, LOAD(weights + o * LANES), sum[o]);                                     \
  }

static void RUNNEL_SET(linear)(const runnel_linear *layer, int32_t rows, const float *x, int64_t x_stride,
                               int32_t activation, float *y, int64_t y_stride) {
  const int64_t block_size = (int64_t)layer->inputs * RUNNEL_BLOCK;
  for (int32_t first = 0; first < layer->outputs; first += RUNNEL_BLOCK) {
    const float *block = layer->weights + first / RUNNEL_BLOCK * block_size;
    for (int32_t row = 0; row < rows; row++) {
      lanes sum[PER_BLOCK];
      for (int32_t o = 0; o < PER_BLOCK; o++) sum[o] = LOAD(layer->bias + first + o * LANES);
      const float *weights = block;
      const float *in = x + row * x_stride;
      ACCUMULATE(sum, PER_BLOCK, weights, in, layer->inputs)
      float *out = y + row * y_stride + first;
      for (int32_t o = 0; o < PER_BLOCK; o++) STORE(out + o * LANES, RUNNEL_SET(apply)(activation, sum[o]));
    }
  }
}

static void RUNNEL_SET(conv)(const runnel_conv *layer, int32_t rows, const float *x, int64_t x_stride, float *rings,
                             const int32_t *slot, const int32_t *at, int32_t activation, float *y, int64_t y_stride) {
  const int64_t width = layer->inputs, ring_size = layer->ring * width;
  const int64_t block_size = layer->kernel * width * RUNNEL_BLOCK;
  for (int32_t row = 0; row < rows; row++)
    __builtin_memcpy(rings + slot[row] * ring_size + at[row] * width, x + row * x_stride, (size_t)width * sizeof(float));
  for (int32_t first = 0; first < layer->outputs; first += RUNNEL_BLOCK) {
    const float *block = layer->weights + first / RUNNEL_BLOCK * block_size;
    for (int32_t row = 0; row < rows; row++) {
      lanes sum[PER_BLOCK];
      for (int32_t o = 0; o < PER_BLOCK; o++) sum[o] = LOAD(layer->bias + first + o * LANES);
      const float *weights = block;
      const float *ring = rings + slot[row] * ring_size;
      int32_t frame = at[row] + 1 < layer->ring ? at[row] + 1 : 0;  // the oldest frame follows the newest
      for (int32_t tap = 0; tap < layer->kernel; tap++) {
        const float *in = ring + frame * width;
        ACCUMULATE(sum, PER_BLOCK, weights, in, layer->inputs)
        frame += layer->dilation;
        if (frame >= layer->ring) frame -= layer->ring;
      }
      float *out = y + row * y_stride + first;
      for (int32_t o = 0; o < PER_BLOCK; o++) STORE(out + o * LANES, RUNNEL_SET(apply)(activation, sum[o]));
    }
  }
}

// Gates, activations and new state in one pass: the four gates of 16 units never leave the registers.
static void RUNNEL_SET(lstm)(const runnel_lstm *layer, int32_t rows, const float *x, int64_t x_stride, float *h,
                             float *c, const int32_t *from, const int32_t *to, float *y, int64_t y_stride) {
  const int64_t hidden = layer->hidden, stride = (hidden + RUNNEL_BLOCK - 1) / RUNNEL_BLOCK * RUNNEL_BLOCK;
  const int64_t block_size = (layer->inputs + hidden) * 4 * RUNNEL_BLOCK;
  for (int32_t first = 0; first < hidden; first += RUNNEL_BLOCK) {
    const float *block = layer->weights + first / RUNNEL_BLOCK * block_size;
    for (int32_t row = 0; row < rows; row++) {
      lanes sum[4 * PER_BLOCK];  // (4, 16) i f g o
#pragma clang loop unroll(full)
      for (int32_t o = 0; o < 4 * PER_BLOCK; o++) sum[o] = LOAD(layer->bias + 4 * first + o * LANES);
      const float *weights = block;
      const float *in = x + row * x_stride, *h_old = h + from[row] * stride;
      ACCUMULATE(sum, 4 * PER_BLOCK, weights, in, layer->inputs)
      ACCUMULATE(sum, 4 * PER_BLOCK, weights, h_old, layer->hidden)
      const float *c_old = c + from[row] * stride + first;
      float *c_new = c + to[row] * stride + first, *h_new = h + to[row] * stride + first;
      float *out = y + row * y_stride + first;
#pragma clang loop unroll(full)
      for (int32_t o = 0; o < PER_BLOCK; o++) {
        const lanes input = RUNNEL_SET(sigmoid)(sum[o]);
        const lanes forget = RUNNEL_SET(sigmoid)(sum[PER_BLOCK + o]);
        const lanes candidate = RUNNEL_SET(tanh)(sum[2 * PER_BLOCK + o]);
        const lanes output = RUNNEL_SET(sigmoid)(sum[3 * PER_BLOCK + o]);
        const lanes cell = FMA(forget, LOAD(c_old + o * LANES), input * candidate);
        const lanes unit = output * RUNNEL_SET(tanh)(cell);
        STORE(c_new + o * LANES, cell);
        STORE(h_new + o * LANES, unit);
        STORE(out + o * LANES, unit);
      }
    }
  }
}

// MARK: heads

static void RUNNEL_SET(activate)(int32_t activation, int32_t count, const float *x, float *y) {
  for (int32_t first = 0; first < count; first += LANES) {
    const int32_t here = count - first < LANES ? count - first : LANES;
    float some[LANES] = {0};
    __builtin_memcpy(some, x + first, (size_t)here * sizeof(float));
    STORE(some, RUNNEL_SET(apply)(activation, LOAD(some)));
    __builtin_memcpy(y + first, some, (size_t)here * sizeof(float));
  }
}

static void RUNNEL_SET(softmax)(int32_t count, const float *x, float *y) {
  if (count <= 0) return;
  float largest = x[0];
  for (int32_t k = 1; k < count; k++) largest = x[k] > largest ? x[k] : largest;
  for (int32_t k = 0; k < count; k++) y[k] = x[k] - largest;
  RUNNEL_SET(activate)(RUNNEL_EXP, count, y, y);
  float sum = y[0];
  for (int32_t k = 1; k < count; k++) sum += y[k];
  for (int32_t k = 0; k < count; k++) y[k] /= sum;
}

static const runnel_kernels RUNNEL_SET(table) = {
    RUNNEL_SET(linear), RUNNEL_SET(conv), RUNNEL_SET(lstm), RUNNEL_SET(softmax), RUNNEL_SET(activate),
};

#undef IN
#undef SPLAT
#undef LOAD
#undef STORE
#undef FMA
#undef SELECT
#undef ACCUMULATE
