// The limits of one instruction set. Sixteen floats wide as everything here, in as many registers as that takes.

typedef float RUNNEL_SET(sums) __attribute__((ext_vector_type(RUNNEL_BLOCK)));
typedef uint32_t RUNNEL_SET(words) __attribute__((ext_vector_type(RUNNEL_BLOCK)));

static float RUNNEL_SET(multiply_add)(int64_t rounds, float factor, float term) {
  RUNNEL_SET(sums) sum[CHAINS];
  const RUNNEL_SET(sums) factors = (RUNNEL_SET(sums))(factor), terms = (RUNNEL_SET(sums))(term);
#pragma clang loop unroll(full)
  for (int32_t c = 0; c < CHAINS; c++) sum[c] = (RUNNEL_SET(sums))((float)c);
  for (int64_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
    for (int32_t c = 0; c < CHAINS; c++) sum[c] = __builtin_elementwise_fma(sum[c], factors, terms);
  }
  for (int32_t c = 1; c < CHAINS; c++) sum[0] += sum[c];
  return __builtin_reduce_max(sum[0]);
}

static uint32_t RUNNEL_SET(read)(const float *x, int64_t count) {
  RUNNEL_SET(words) seen[8] = {0};
  for (int64_t k = 0; k < count; k += 8 * RUNNEL_BLOCK) {
#pragma clang loop unroll(full)
    for (int32_t c = 0; c < 8; c++) seen[c] ^= *(const RUNNEL_SET(words) *)(x + k + c * RUNNEL_BLOCK);
  }
  for (int32_t c = 1; c < 8; c++) seen[0] ^= seen[c];
  return __builtin_reduce_xor(seen[0]);
}

static const runnel_machine RUNNEL_SET(machine) = {
    .per_round = CHAINS * RUNNEL_BLOCK,
    .multiply_add = RUNNEL_SET(multiply_add),
    .read = RUNNEL_SET(read),
};
