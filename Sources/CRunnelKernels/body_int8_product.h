// The product of four features of a row, which stand in int8_words words, with four weights of each output, as the
// processor has it: INT8_PRODUCT says how.

#if INT8_PRODUCT == INT8_PLAIN

enum { RUNNEL_SET(int8_words) = 1 };
typedef bits RUNNEL_SET(int8_weights);

IN RUNNEL_SET(int8_weights) RUNNEL_SET(int8_widened)(bits w) { return w; }

IN bits RUNNEL_SET(int8_product)(bits sum, RUNNEL_SET(int8_weights) w, const uint32_t *x) {
  for (int32_t k = 0; k < 32; k += 8) sum += (bits)((whole)(w << (24 - k)) >> 24) * (uint32_t)(int8_t)(x[0] >> k);
  return sum;
}

#elif INT8_PRODUCT == INT8_VNNI

// vpdpbusd, which does not saturate (vpdpbusds would), takes features as q + 128: so a sum begins with -128 times the sum
// of its weights.
enum { RUNNEL_SET(int8_words) = 1 };
typedef bits RUNNEL_SET(int8_weights);

IN RUNNEL_SET(int8_weights) RUNNEL_SET(int8_widened)(bits w) { return w; }

IN bits RUNNEL_SET(int8_product)(bits sum, RUNNEL_SET(int8_weights) w, const uint32_t *x) {
  typedef int32_t sixteen __attribute__((vector_size(64)));
  return (bits)__builtin_ia32_vpdpbusd512((sixteen)sum, (sixteen)(bits)(x[0]), (sixteen)w);
}

#elif INT8_PRODUCT == INT8_PAIRS

// pmaddwd: two products of 16 bits each, whose sum fits into 32. Features 0 and 2 stand in one word, 1 and 3 in the next.
enum { RUNNEL_SET(int8_words) = 2 };
typedef int16_t RUNNEL_SET(halves) __attribute__((ext_vector_type(2 * LANES)));
typedef struct {
  RUNNEL_SET(halves) even, odd;
} RUNNEL_SET(int8_weights);

IN RUNNEL_SET(int8_weights) RUNNEL_SET(int8_widened)(bits w) {
  const RUNNEL_SET(halves) all = (RUNNEL_SET(halves))w;
  return (RUNNEL_SET(int8_weights)){all << 8 >> 8, all >> 8};
}

IN bits RUNNEL_SET(pair_product)(RUNNEL_SET(halves) w, uint32_t x) {
  typedef int32_t eight __attribute__((vector_size(32)));
  typedef int16_t sixteen __attribute__((vector_size(32)));
  const bits all = (bits)(x);
  sixteen of_w[2], of_x[2];
  __builtin_memcpy(of_w, &w, sizeof w);
  __builtin_memcpy(of_x, &all, sizeof all);
  const eight two[2] = {(eight)__builtin_ia32_pmaddwd256(of_w[0], of_x[0]),
                        (eight)__builtin_ia32_pmaddwd256(of_w[1], of_x[1])};
  bits sum;
  __builtin_memcpy(&sum, two, sizeof sum);
  return sum;
}

IN bits RUNNEL_SET(int8_product)(bits sum, RUNNEL_SET(int8_weights) w, const uint32_t *x) {
  return sum + RUNNEL_SET(pair_product)(w.even, x[0]) + RUNNEL_SET(pair_product)(w.odd, x[1]);
}

#else

// NEON: sdot where the processor has it. Without, products of 8 bits are 16129 at most, and two of them fit into 16.
enum { RUNNEL_SET(int8_words) = 1 };
typedef struct {
  int8x16_t each[4];
} RUNNEL_SET(int8_weights);

IN RUNNEL_SET(int8_weights) RUNNEL_SET(int8_widened)(bits w) {
  RUNNEL_SET(int8_weights) all;
  __builtin_memcpy(&all, &w, sizeof w);
  return all;
}

IN bits RUNNEL_SET(int8_product)(bits sum, RUNNEL_SET(int8_weights) w, const uint32_t *x) {
  int32x4_t sums[4];
  __builtin_memcpy(sums, &sum, sizeof sum);
  const int8x16_t all = vreinterpretq_s8_u32(vdupq_n_u32(x[0]));
  UNROLLED for (int32_t four = 0; four < 4; four++) {
#if INT8_PRODUCT == INT8_SDOT
    sums[four] = vdotq_s32(sums[four], w.each[four], all);
#else
    const int16x8_t low = vmull_s8(vget_low_s8(w.each[four]), vget_low_s8(all));
    const int16x8_t high = vmull_high_s8(w.each[four], all);
    sums[four] = vpadalq_s16(sums[four], vpaddq_s16(low, high));
#endif
  }
  __builtin_memcpy(&sum, sums, sizeof sum);
  return sum;
}

#endif

