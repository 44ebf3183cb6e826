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

static void RUNNEL_SET(check)(int32_t rows, int32_t width, const float *x, int64_t x_stride, const int32_t *at,
                              const int32_t *row, bool *sound) {
  const bits exponent = (bits)(0x7f800000u);
  for (int32_t place = 0; place < rows; place++) {
    const float *in = x + (at ? at[place] : place) * x_stride;
    whole found = (whole)(0);
    int32_t first = 0;
    for (; first + LANES <= width; first += LANES) found |= ((bits)LOAD(in + first) & exponent) == exponent;
    int32_t rest = 0;  // one by one: copied to be read as a register, they would be waited for
    _Pragma("clang loop vectorize(disable)") for (; first < width; first++)
      rest |= !__builtin_isfinite(in[first]);
    if (rest || __builtin_reduce_or(found)) sound[row[place]] = false;
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
