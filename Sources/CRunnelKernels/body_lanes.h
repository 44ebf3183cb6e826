// Eight outputs side by side: the words that every other body is written in.

#define IN static inline __attribute__((always_inline))

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

// x cut to low...high; NaN stays.
IN lanes RUNNEL_SET(cut)(lanes x, float low, float high) {
  x = SELECT(x < low, SPLAT(low), x);
  return SELECT(x > high, SPLAT(high), x);
}

// x cut to -limit...limit; INFINITY is no bound, and no instruction where the compiler knows it.
IN lanes RUNNEL_SET(bounded)(lanes x, float limit) {
  return limit < INFINITY ? RUNNEL_SET(cut)(x, -limit, limit) : x;
}

// sum[o] = fma(x[k], weights[k][o], sum[o]) for k ascending: `chains` registers of outputs side by side, the weights of
// the next k `pitch` floats behind. `chains` is a constant, so that the sums stay in registers.
IN void RUNNEL_SET(accumulate)(lanes *sum, const int32_t chains, const float *weights, int64_t pitch, const float *x,
                               int32_t count) {
  for (int32_t k = 0; k < count; k++, weights += pitch) {
    const lanes each = SPLAT(x[k]);
#pragma clang loop unroll(full)
    for (int32_t o = 0; o < chains; o++) sum[o] = FMA(each, LOAD(weights + o * LANES), sum[o]);
  }
}

// The biases that every chain begins with.
IN void RUNNEL_SET(begin)(lanes *sum, const int32_t chains, const float *bias) {
#pragma clang loop unroll(full)
  for (int32_t o = 0; o < chains; o++) sum[o] = LOAD(bias + o * LANES);
}
