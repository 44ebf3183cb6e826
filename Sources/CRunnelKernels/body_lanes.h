// The outputs of a block side by side: the words that every other body is written in.

#define IN static inline __attribute__((always_inline))
#define lanes RUNNEL_SET(lanes)
#define whole RUNNEL_SET(whole)
#define bits RUNNEL_SET(bits)

// One register, or several where they are narrower, which then work side by side.
typedef float lanes __attribute__((ext_vector_type(LANES)));
typedef int32_t whole __attribute__((ext_vector_type(LANES)));
typedef uint32_t bits __attribute__((ext_vector_type(LANES)));
typedef lanes RUNNEL_SET(lanes_in_memory) __attribute__((aligned(4)));

IN lanes RUNNEL_SET(splat)(float x) { return (lanes)(x); }
IN lanes RUNNEL_SET(load)(const float *p) { return *(const RUNNEL_SET(lanes_in_memory) *)p; }
IN void RUNNEL_SET(store)(float *p, lanes x) { *(RUNNEL_SET(lanes_in_memory) *)p = x; }
IN lanes RUNNEL_SET(fma)(lanes a, lanes b, lanes c) { return __builtin_elementwise_fma(a, b, c); }
IN lanes RUNNEL_SET(magnitude)(lanes x) { return (lanes)((bits)x & 0x7fffffffu); }
IN lanes RUNNEL_SET(with_sign)(lanes x, lanes sign) { return (lanes)((bits)x | ((bits)sign & 0x80000000u)); }

#define SPLAT RUNNEL_SET(splat)
#define LOAD RUNNEL_SET(load)
#define STORE RUNNEL_SET(store)
#define FMA RUNNEL_SET(fma)
#define SELECT(mask, a, b) ((mask) ? (a) : (b))
// Over the rows and registers of a tile: counts that are constants.
#define UNROLLED _Pragma("clang loop unroll(full)")

// x cut to low...high; NaN stays.
IN lanes RUNNEL_SET(cut)(lanes x, float low, float high) {
  x = SELECT(x < low, SPLAT(low), x);
  return SELECT(x > high, SPLAT(high), x);
}

// x cut to -limit...limit; INFINITY is no bound, and no instruction where the compiler knows it.
IN lanes RUNNEL_SET(bounded)(lanes x, float limit) {
  return limit < INFINITY ? RUNNEL_SET(cut)(x, -limit, limit) : x;
}
