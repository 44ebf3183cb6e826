// The activations, a register of values at once.

// MARK: e^x and what is made of it

// e^x = 2^n e^r with n = round(x / ln 2) and |r| <= ln 2 / 2 (Cody and Waite's reduction, ln 2 in two parts).
// rest = e^r - 1 = r + r^2 q(r), q of degree 4, a minimax fit whose relative error is 3.1e-9.
typedef struct {
  lanes rest;
  whole count;  // n
} RUNNEL_SET(reduced);

IN RUNNEL_SET(reduced) RUNNEL_SET(reduce)(lanes x) {
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
  return (RUNNEL_SET(reduced)){FMA(q, r * r, r), (whole)((bits)shifted - (bits)magic)};
}

// 2^n for -126 <= n <= 127.
IN lanes RUNNEL_SET(power)(bits n) { return (lanes)((n + 127u) << 23); }

// 2^n goes on in two halves, so that results beyond the normal range round once and overflow to infinity.
IN lanes RUNNEL_SET(exp)(lanes x) {
  x = RUNNEL_SET(cut)(x, -104.0f, 89.0f);  // e^-104 rounds to 0, e^89 to infinity
  const RUNNEL_SET(reduced) e = RUNNEL_SET(reduce)(x);
  const whole half = e.count >> 1;
  const lanes first = RUNNEL_SET(power)((bits)half);
  const lanes second = RUNNEL_SET(power)((bits)e.count - (bits)half);
  return SELECT(x != x, x, (e.rest + 1.0f) * first * second);
}

// e^x - 1 for x <= 0, from 2^n rest + (2^n - 1), so that small values keep their digits; -1 at last.
IN lanes RUNNEL_SET(below_one)(lanes x) {
  x = RUNNEL_SET(cut)(x, -30.0f, 0.0f);
  const RUNNEL_SET(reduced) e = RUNNEL_SET(reduce)(x);
  const lanes scale = RUNNEL_SET(power)((bits)e.count);
  return FMA(scale, e.rest, scale - 1.0f);
}

// Both quotients are widened by a factor, which changes no value: with it numerator and denominator lie where floats
// are dense, relative to their size, wherever the quotient lies where they are not. Without it the errors are 2.4 and
// 2.6 ulp.
#define WIDER_SIGMOID 1.5f
#define WIDER_TANH 0x1.7ep0f

// What is added so that the sum, an integer in its low bits, is n and the exponent's bias.
#define MAGIC (0x1.8p23f + 127.0f)

// 2^n of such a sum, and 2^n factor, 1 <= factor < 2.
IN lanes RUNNEL_SET(sum_power)(lanes sum) { return (lanes)((bits)sum << 23); }

IN lanes RUNNEL_SET(wider_power)(lanes sum, const float factor) {
  return (lanes)(((bits)sum << 23) + (uint32_t)((factor - 1.0f) * 0x1p23f));
}

// q of factor (e^(scale r) - 1) = factor scale r + r^2 q(r), the polynomial of `reduce` in pairs, so that little of it
// waits for the rest.
IN lanes RUNNEL_SET(pairs)(lanes r, lanes z, const float scale, const float factor) {
  const float f = factor * scale * scale;
  const lanes low = FMA(SPLAT(0x1.555492p-3f * scale * f), r, SPLAT(0x1.fffffcp-2f * f));
  const lanes high =
      FMA(SPLAT(0x1.1239e4p-7f * scale * scale * scale * f), r, SPLAT(0x1.5558f2p-5f * scale * scale * f));
  return FMA(FMA(SPLAT(0x1.6a2430p-10f * scale * scale * scale * scale * f), z, high), z, low);
}

// 1 / (1 + e^-x) = 1 / (2^n (e^r - 1) + (2^n + 1)). Below -87 it is what it is there, 1.6e-38, so that nothing
// overflows; above 88 it is 1.
IN lanes RUNNEL_SET(sigmoid)(lanes x) {
  x = RUNNEL_SET(cut)(x, -87.0f, 88.0f);
  const lanes shifted = FMA(x, SPLAT(-0x1.715476p0f), SPLAT(MAGIC));
  const lanes n = shifted - MAGIC;
  lanes r = FMA(n, SPLAT(-0x1.63p-1f), -x);
  r = FMA(n, SPLAT(0x1.bd0106p-13f), r);
  const lanes power = RUNNEL_SET(wider_power)(shifted, WIDER_SIGMOID), z = r * r;
  const lanes rest = FMA(RUNNEL_SET(pairs)(r, z, 1.0f, 1.0f), z, r);
  return WIDER_SIGMOID / FMA(power, rest, power + WIDER_SIGMOID);
}

// (e^2|x| - 1) / (e^2|x| + 1), the numerator from 2^n (e^r - 1) + (2^n - 1), so that small values keep their digits.
// One constant for ln 2 / 2 does: where n is large, the slope is small.
IN lanes RUNNEL_SET(tanh)(lanes x) {
  const lanes size = RUNNEL_SET(magnitude)(x);
  const lanes a = SELECT(size > 10.0f, SPLAT(10.0f), size);  // from 9.02 on it is 1
  const lanes shifted = FMA(a, SPLAT(0x1.715476p1f), SPLAT(MAGIC));
  const lanes r = FMA(shifted - MAGIC, SPLAT(-0x1.62e430p-2f), a);
  const lanes power = RUNNEL_SET(sum_power)(shifted), z = r * r;
  const lanes rest = FMA(r, SPLAT(2.0f * WIDER_TANH), z * RUNNEL_SET(pairs)(r, z, 2.0f, WIDER_TANH));
  const lanes above = FMA(power, rest, FMA(power, SPLAT(WIDER_TANH), SPLAT(-WIDER_TANH)));
  return RUNNEL_SET(with_sign)(above / (above + 2.0f * WIDER_TANH), x);
}

#undef WIDER_SIGMOID
#undef WIDER_TANH

// MARK: sigmoid and tanh as quotients

// Inside the cells: of fewer operations than the functions above, each within 2.5 ulp, and a product of two has one
// division and is within 7. e^2u = (1 + t) / (1 - t) with t = tanh u. What is taken of a sum is taken of s, which counts
// in units of its activation (runnel_kernels.h): the power of two that is nearest and the rest are then exact.
typedef struct {
  lanes over;
  lanes under;
} RUNNEL_SET(quotient);

// t = r + r p(r^2), p of degree 2.
IN lanes RUNNEL_SET(odd)(lanes r, const float p2, const float p1, const float p0) {
  const lanes z = r * r;
  return FMA(r, FMA(FMA(SPLAT(p2), z, SPLAT(p1)), z, SPLAT(p0)), r);
}

// What is added so that the sum is rounded to a quarter, and 4 times it and the exponent's bias stand in the low bits.
#define QUARTERS (0x1.8p21f + 127.0f / 4)
// Numerator and denominator of the sigmoid are widened by a factor, as above.
#define WIDER (27.0f / 32)

// 1 / (1 + 2^-4s) = (1 + t) / ((1 + t) + 2^n (1 - t)) with t = tanh(2 r ln 2), r = s + n / 4; the error of t is below
// 3.9e-9. Below -23 it is what it is there, 2.0e-28, so that no product overflows.
IN RUNNEL_SET(quotient) RUNNEL_SET(sigmoid_quotient)(lanes s) {
  s = RUNNEL_SET(cut)(s, -23.0f, 23.0f);
  const lanes shifted = QUARTERS - s;
  const lanes r = s + (shifted - QUARTERS);
  const lanes t = RUNNEL_SET(odd)(r, 0x1.20be58p-1f, -0x1.7f98b0p-1f, 0x1.5b842cp-3f);  // WIDER t
  const lanes over = WIDER + t, power = RUNNEL_SET(sum_power)(shifted);
  return (RUNNEL_SET(quotient)){over, FMA(power, WIDER - t, over)};
}

// (t (2^n + 1) + (2^n - 1)) / (t (2^n - 1) + (2^n + 1)) of t = tanh of the rest. Where n is 0, it is t.
IN RUNNEL_SET(quotient) RUNNEL_SET(tanh_of)(lanes power, lanes t) {
  const lanes less = power - 1.0f, more = power + 1.0f;
  return (RUNNEL_SET(quotient)){FMA(t, more, less), FMA(t, less, more)};
}

// (2^4s - 1) / (2^4s + 1); t = tanh(2 r ln 2), r = s - n / 4, a minimax fit whose relative error is 4.5e-8.
IN RUNNEL_SET(quotient) RUNNEL_SET(tanh_quotient)(lanes s) {
  s = RUNNEL_SET(cut)(s, -7.25f, 7.25f);
  const lanes shifted = s + QUARTERS;
  const lanes r = s - (shifted - QUARTERS);
  return RUNNEL_SET(tanh_of)(RUNNEL_SET(sum_power)(shifted),
                             RUNNEL_SET(odd)(r, 0x1.573efcp-1f, -0x1.c6a72ap-1f, 0x1.8b90bcp-2f));
}

// tanh x of what is no sum, the state of an LSTM: the same with r = x - n ln 2 / 2, t = tanh r.
IN RUNNEL_SET(quotient) RUNNEL_SET(tanh_of_state)(lanes x) {
  x = RUNNEL_SET(cut)(x, -10.0f, 10.0f);
  const lanes shifted = FMA(x, SPLAT(0x1.715476p1f), SPLAT(MAGIC));
  const lanes r = FMA(shifted - MAGIC, SPLAT(-0x1.62e430p-2f), x);
  return RUNNEL_SET(tanh_of)(RUNNEL_SET(sum_power)(shifted),
                             RUNNEL_SET(odd)(r, 0x1.0c280ep-3f, -0x1.554e4ap-2f, -0x1.80ca92p-25f));
}

#undef MAGIC
#undef QUARTERS
#undef WIDER

// max(x, 0) + ln(1 + e) with e = e^-|x|; ln(1 + e) = 2 atanh(s), s = e / (2 + e) <= 1/3, as s (2 + z p(z)) with
// z = s^2, p of degree 4, a minimax fit whose relative error is 2.2e-9.
IN lanes RUNNEL_SET(softplus)(lanes x) {
  const lanes e = RUNNEL_SET(exp)(-RUNNEL_SET(magnitude)(x));
  const lanes s = e / (2.0f + e);
  const lanes z = s * s;
  lanes p = SPLAT(0x1.e13a7cp-3f);
  p = FMA(p, z, SPLAT(0x1.bcdd6ap-3f));
  p = FMA(p, z, SPLAT(0x1.24b500p-2f));
  p = FMA(p, z, SPLAT(0x1.9999a0p-2f));
  p = FMA(p, z, SPLAT(0x1.555556p-1f));
  p = FMA(p, z, SPLAT(2.0f));
  return FMA(s, p, SELECT(x < 0.0f, SPLAT(0.0f), x));
}

// x Phi(x), Phi(x) = (1 + erf(x / sqrt 2)) / 2. Phi(-|x|) = e^(-x^2 / 2) t p(t) with t = 1 / (1 + 0.26 |x|), the form
// of Hastings (1955); p of degree 8, a minimax fit whose relative error is 3.1e-8 for |x| <= 14.
IN lanes RUNNEL_SET(gelu)(lanes x) {
  const lanes t = 1.0f / FMA(RUNNEL_SET(magnitude)(x), SPLAT(0x1.0a3d70p-2f), SPLAT(1.0f));
  lanes p = SPLAT(0x1.f3ca6ap-6f);
  p = FMA(p, t, SPLAT(-0x1.38fe24p-3f));
  p = FMA(p, t, SPLAT(0x1.0186c8p-2f));
  p = FMA(p, t, SPLAT(-0x1.352470p-3f));
  p = FMA(p, t, SPLAT(0x1.499edep-3f));
  p = FMA(p, t, SPLAT(0x1.a20500p-5f));
  p = FMA(p, t, SPLAT(0x1.a6030ap-4f));
  p = FMA(p, t, SPLAT(0x1.a5f4e2p-4f));
  p = FMA(p, t, SPLAT(0x1.a8ff42p-4f));
  const lanes tail = RUNNEL_SET(exp)(x * x * -0.5f) * (t * p);
  const lanes y = x * SELECT(x < 0.0f, tail, 1.0f - tail);
  return SELECT(x == -INFINITY, SPLAT(-0.0f), y);
}

IN lanes RUNNEL_SET(silu)(lanes x) {
  return SELECT(x == -INFINITY, SPLAT(-0.0f), x * RUNNEL_SET(sigmoid)(x));
}

IN lanes RUNNEL_SET(softsign)(lanes x) {
  const lanes a = RUNNEL_SET(magnitude)(x);
  const lanes y = SELECT(a == INFINITY, SPLAT(1.0f), a / (1.0f + a));
  return RUNNEL_SET(with_sign)(y, x);
}

IN lanes RUNNEL_SET(elu)(lanes x, float alpha) { return SELECT(x < 0.0f, alpha * RUNNEL_SET(below_one)(x), x); }

// MARK: the choice

IN lanes RUNNEL_SET(chosen)(runnel_activation f, lanes x) {
  switch (f.kind) {
    case RUNNEL_RELU: return SELECT(x < 0.0f, SPLAT(0.0f), x);
    case RUNNEL_TANH: return RUNNEL_SET(tanh)(x);
    case RUNNEL_SIGMOID: return RUNNEL_SET(sigmoid)(x);
    case RUNNEL_EXP: return RUNNEL_SET(exp)(x);
    case RUNNEL_LEAKY_RELU: return SELECT(x < 0.0f, f.alpha * x, x);
    case RUNNEL_ELU: return RUNNEL_SET(elu)(x, f.alpha);
    case RUNNEL_SELU: return 0x1.0cfabep0f * RUNNEL_SET(elu)(x, 0x1.ac5afap0f);
    case RUNNEL_SOFTPLUS: return RUNNEL_SET(softplus)(x);
    case RUNNEL_SOFTSIGN: return RUNNEL_SET(softsign)(x);
    case RUNNEL_SILU: return RUNNEL_SET(silu)(x);
    case RUNNEL_GELU: return RUNNEL_SET(gelu)(x);
    case RUNNEL_HARD_SIGMOID: return RUNNEL_SET(cut)(FMA(SPLAT(f.alpha), x, SPLAT(f.beta)), 0.0f, 1.0f);
    case RUNNEL_CLIP: return RUNNEL_SET(cut)(x, f.alpha, f.beta);
    case RUNNEL_SCALED_TANH: return f.alpha * RUNNEL_SET(tanh)(f.beta * x);
    case RUNNEL_AFFINE: return FMA(SPLAT(f.alpha), x, SPLAT(f.beta));
    case RUNNEL_THRESHOLDED_RELU: return SELECT(x <= f.alpha, SPLAT(0.0f), x);
    default: return x;
  }
}

static __attribute__((noinline)) lanes RUNNEL_SET(any)(runnel_activation f, lanes x) {
  return RUNNEL_SET(chosen)(f, x);
}

// Where the compiler knows the kind, its arithmetic stands in place; everywhere else one copy serves.
IN lanes RUNNEL_SET(apply)(runnel_activation f, lanes x) {
  if (__builtin_constant_p(f.kind)) return RUNNEL_SET(chosen)(f, x);
  return f.kind == RUNNEL_NONE ? x : RUNNEL_SET(any)(f, x);
}

// MARK: what cells take of their sums

// What brings a sum into the unit of f.
IN float RUNNEL_SET(factor)(runnel_activation f) {
  return f.kind == RUNNEL_SIGMOID ? (float)RUNNEL_SIGMOID_FACTOR : f.kind == RUNNEL_TANH ? (float)RUNNEL_TANH_FACTOR : 1;
}

IN int32_t RUNNEL_SET(is_quotient)(runnel_activation f) { return f.kind == RUNNEL_SIGMOID || f.kind == RUNNEL_TANH; }

IN RUNNEL_SET(quotient) RUNNEL_SET(quotient_of)(runnel_activation f, lanes s) {
  return f.kind == RUNNEL_SIGMOID ? RUNNEL_SET(sigmoid_quotient)(s) : RUNNEL_SET(tanh_quotient)(s);
}

// f of a sum.
IN lanes RUNNEL_SET(taken)(runnel_activation f, lanes s) {
  if (!RUNNEL_SET(is_quotient)(f)) return RUNNEL_SET(apply)(f, s);
  const RUNNEL_SET(quotient) q = RUNNEL_SET(quotient_of)(f, s);
  return q.over / q.under;
}

IN lanes RUNNEL_SET(times)(RUNNEL_SET(quotient) a, RUNNEL_SET(quotient) b) {
  return (a.over * b.over) / (a.under * b.under);
}

// gate(s) f(a), of two sums.
IN lanes RUNNEL_SET(gated)(runnel_activation gate, lanes s, runnel_activation f, lanes a) {
  if (!RUNNEL_SET(is_quotient)(gate) || !RUNNEL_SET(is_quotient)(f))
    return RUNNEL_SET(taken)(gate, s) * RUNNEL_SET(taken)(f, a);
  return RUNNEL_SET(times)(RUNNEL_SET(quotient_of)(gate, s), RUNNEL_SET(quotient_of)(f, a));
}

// gate(s) f(x), of a sum and a state.
IN lanes RUNNEL_SET(gated_state)(runnel_activation gate, lanes s, runnel_activation f, lanes x) {
  if (!RUNNEL_SET(is_quotient)(gate) || f.kind != RUNNEL_TANH)
    return RUNNEL_SET(taken)(gate, s) * RUNNEL_SET(apply)(f, x);
  return RUNNEL_SET(times)(RUNNEL_SET(quotient_of)(gate, s), RUNNEL_SET(tanh_of_state)(x));
}

// Fewer values than a register has, `most` at most: one by one, for what is laid down in pieces and read as a register would
// be waited for.
IN void RUNNEL_SET(activate_few)(const int32_t most, runnel_activation activation, int32_t count, const float *x,
                                 float *y) {
  lanes values = SPLAT(x[0]);
  UNROLLED for (int32_t k = 1; k < most; k++) values[k] = x[k < count ? k : 0];
  values = RUNNEL_SET(apply)(activation, values);
  UNROLLED for (int32_t k = 0; k < most; k++)
    if (k < count) y[k] = values[k];
}

static void RUNNEL_SET(activate)(runnel_activation activation, int32_t count, const float *x, float *y) {
  int32_t first = 0;
  for (; first + LANES <= count; first += LANES) STORE(y + first, RUNNEL_SET(apply)(activation, LOAD(x + first)));
  const int32_t rest = count - first;
  if (rest > 4) return RUNNEL_SET(activate_few)(LANES, activation, rest, x + first, y + first);
  if (rest > 0) RUNNEL_SET(activate_few)(4, activation, rest, x + first, y + first);
}

IN float RUNNEL_SET(largest)(int32_t width, const float *x) {
  float largest = x[0];
  for (int32_t k = 1; k < width; k++) largest = x[k] > largest ? x[k] : largest;
  return largest;
}

IN float RUNNEL_SET(sum)(int32_t width, const float *x) {
  float sum = x[0];
  for (int32_t k = 1; k < width; k++) sum += x[k];
  return sum;
}

// Rows of few scores, `width` of at most `pitch`, `together` of them in a register from their scores on, likewise. Rows and
// scores that are not there repeat the first.
IN void RUNNEL_SET(softmax_rows)(const int32_t together, const int32_t pitch, int32_t rows, int32_t width,
                                 const float *x, int64_t x_stride, float *y, int64_t y_stride) {
  lanes values = SPLAT(0.0f), sums = SPLAT(1.0f);
  UNROLLED for (int32_t row = 0; row < together; row++) {
    const float *in = x + (row < rows ? row : 0) * x_stride, largest = RUNNEL_SET(largest)(width, in);
    UNROLLED for (int32_t k = 0; k < pitch; k++) values[row * pitch + k] = in[k < width ? k : 0] - largest;
  }
  const lanes powers = RUNNEL_SET(exp)(values);
  UNROLLED for (int32_t row = 0; row < together; row++) {
    float sum = powers[row * pitch];
    UNROLLED for (int32_t k = 1; k < pitch; k++) sum += k < width ? powers[row * pitch + k] : -0.0f;  // changes no sum
    UNROLLED for (int32_t k = 0; k < pitch; k++) sums[row * pitch + k] = sum;
  }
  const lanes scores = powers / sums;
  UNROLLED for (int32_t row = 0; row < together; row++)
    UNROLLED for (int32_t k = 0; k < pitch; k++)
      if (row < rows && k < width) y[row * y_stride + k] = scores[row * pitch + k];
}

// All rows, so many together; a row that is left alone does not pay for others.
IN void RUNNEL_SET(softmax_few)(const int32_t together, const int32_t pitch, int32_t rows, int32_t width,
                                const float *x, int64_t x_stride, float *y, int64_t y_stride) {
  int32_t row = 0;
  for (; row + 1 < rows; row += together)
    RUNNEL_SET(softmax_rows)(together, pitch, rows - row, width, x + row * x_stride, x_stride, y + row * y_stride,
                             y_stride);
  if (row < rows)
    RUNNEL_SET(softmax_rows)(1, pitch, 1, width, x + row * x_stride, x_stride, y + row * y_stride, y_stride);
}

static void RUNNEL_SET(softmax)(int32_t rows, int32_t width, const float *x, int64_t x_stride, float *y,
                                int64_t y_stride) {
  if (width <= 0) return;
  if (width <= 2) return RUNNEL_SET(softmax_few)(8, 2, rows, width, x, x_stride, y, y_stride);
  if (width <= 4) return RUNNEL_SET(softmax_few)(4, 4, rows, width, x, x_stride, y, y_stride);
  if (width <= 8) return RUNNEL_SET(softmax_few)(2, 8, rows, width, x, x_stride, y, y_stride);
  for (int32_t row = 0; row < rows; row++) {
    const float *in = x + row * x_stride, largest = RUNNEL_SET(largest)(width, in);
    float *out = y + row * y_stride;
    for (int32_t k = 0; k < width; k++) out[k] = in[k] - largest;
    RUNNEL_SET(activate)((runnel_activation){RUNNEL_EXP, 0, 0}, width, out, out);
    const float sum = RUNNEL_SET(sum)(width, out);
    for (int32_t k = 0; k < width; k++) out[k] /= sum;
  }
}
