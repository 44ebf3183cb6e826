// What happens to the features of one frame: each by itself, or all of a row together.

#define EACH(value)                                                       \
  for (int32_t row = 0; row < rows; row++) {                              \
    const float *in = x + row * x_stride;                                 \
    float *out = y + row * y_stride;                                      \
    for (int32_t k = 0; k < width; k++) out[k] = (value);                 \
  }

static void RUNNEL_SET(affine)(int32_t rows, int32_t width, const float *x, int64_t x_stride, const float *scale,
                               const float *shift, float *y, int64_t y_stride) {
  EACH(__builtin_fmaf(in[k], scale[k], shift[k]))
}

static void RUNNEL_SET(prelu)(int32_t rows, int32_t width, const float *x, int64_t x_stride, const float *alpha,
                              int32_t each, float *y, int64_t y_stride) {
  EACH(in[k] < 0.0f ? alpha[each ? k : 0] * in[k] : in[k])
}

#undef EACH
#define EACH(value)                                                       \
  for (int32_t row = 0; row < rows; row++) {                              \
    const float *left = a + row * a_stride, *right = b + row * b_stride;  \
    float *out = y + row * y_stride;                                      \
    for (int32_t k = 0; k < width; k++) out[k] = (value);                 \
  }

static void RUNNEL_SET(add)(int32_t rows, int32_t width, const float *a, int64_t a_stride, const float *b,
                            int64_t b_stride, float *y, int64_t y_stride) {
  EACH(left[k] + right[k])
}

static void RUNNEL_SET(multiply)(int32_t rows, int32_t width, const float *a, int64_t a_stride, const float *b,
                                 int64_t b_stride, float *y, int64_t y_stride) {
  EACH(left[k] * right[k])
}

#undef EACH

// Ba, Kiros and Hinton 2016, over the features of one frame; population variance.
static void RUNNEL_SET(layer_norm)(int32_t rows, int32_t width, double epsilon, const float *x, int64_t x_stride,
                                   const float *weight, const float *bias, float *y, int64_t y_stride) {
  for (int32_t row = 0; row < rows; row++) {
    const float *in = x + row * x_stride;
    float *out = y + row * y_stride;
    double sum = 0.0, squares = 0.0;
    for (int32_t k = 0; k < width; k++) sum += in[k];
    const double mean = sum / width;
    for (int32_t k = 0; k < width; k++) squares += (in[k] - mean) * (in[k] - mean);
    const double deviation = __builtin_sqrt(squares / width + epsilon);
    for (int32_t k = 0; k < width; k++) {
      const float normal = (float)((in[k] - mean) / deviation);
      out[k] = __builtin_fmaf(normal, weight ? weight[k] : 1.0f, bias ? bias[k] : 0.0f);
    }
  }
}

// What of these is not finite: lanes that found something, and whether one behind the last whole register did.
typedef struct {
  whole lanes;
  int32_t rest;
} RUNNEL_SET(unsound);

IN RUNNEL_SET(unsound) RUNNEL_SET(look)(int64_t count, const float *x, RUNNEL_SET(unsound) found) {
  const bits exponent = (bits)(0x7f800000u);
  int64_t first = 0;
  for (; first + LANES <= count; first += LANES) found.lanes |= ((bits)LOAD(x + first) & exponent) == exponent;
  // One by one: copied to be read as a register, they would be waited for.
  _Pragma("clang loop vectorize(disable)") for (; first < count; first++) found.rest |= !__builtin_isfinite(x[first]);
  return found;
}

IN bool RUNNEL_SET(is_sound)(RUNNEL_SET(unsound) found) { return !(found.rest || __builtin_reduce_or(found.lanes)); }

// All rows are looked at together first, as one where they lie one behind the other: there is seldom anything to find.
static void RUNNEL_SET(check)(int32_t rows, int32_t width, const float *x, int64_t x_stride, const int32_t *at,
                              const int32_t *row, bool *sound) {
  const RUNNEL_SET(unsound) nothing = {(whole)(0), 0};
  RUNNEL_SET(unsound) found = nothing;
  if (!at && x_stride == width)
    found = RUNNEL_SET(look)((int64_t)rows * width, x, found);
  else
    for (int32_t place = 0; place < rows; place++)
      found = RUNNEL_SET(look)(width, x + (at ? at[place] : place) * x_stride, found);
  if (RUNNEL_SET(is_sound)(found)) return;
  for (int32_t place = 0; place < rows; place++) {
    const float *in = x + (at ? at[place] : place) * x_stride;
    if (!RUNNEL_SET(is_sound)(RUNNEL_SET(look)(width, in, nothing))) sound[row[place]] = false;
  }
}

static void RUNNEL_SET(embed)(int32_t rows, int32_t classes, int32_t width, const float *x, int64_t x_stride,
                              const float *table, float *y, int64_t y_stride) {
  for (int32_t row = 0; row < rows; row++) {
    const float feature = x[row * x_stride];
    // Only a number of the range may be converted; NaN is none.
    const int32_t class = feature >= 0.0f && feature < (float)classes ? (int32_t)feature : -1;
    float *out = y + row * y_stride;
    if (class >= 0 && (float)class == feature)
      __builtin_memcpy(out, table + (int64_t)class * width, (size_t)width * sizeof(float));
    else
      for (int32_t k = 0; k < width; k++) out[k] = NAN;
  }
}
