// The limits of one instruction set. Sixteen values wide as everything here, in as many registers as that takes.

#include "body_lanes.h"

static float RUNNEL_SET(multiply_add)(int64_t rounds, float factor, float term) {
  lanes sum[CHAINS];
  UNROLLED for (int32_t c = 0; c < CHAINS; c++) sum[c] = SPLAT((float)c);
  for (int64_t round = 0; round < rounds; round++)
    UNROLLED for (int32_t c = 0; c < CHAINS; c++) sum[c] = FMA(sum[c], SPLAT(factor), SPLAT(term));
  for (int32_t c = 1; c < CHAINS; c++) sum[0] += sum[c];
  return __builtin_reduce_max(sum[0]);
}

static uint32_t RUNNEL_SET(read)(const float *x, int64_t count) {
  bits seen[8] = {0};
  for (int64_t k = 0; k < count; k += 8 * RUNNEL_BLOCK)
    UNROLLED for (int32_t c = 0; c < 8; c++) seen[c] ^= (bits)LOAD(x + k + c * RUNNEL_BLOCK);
  for (int32_t c = 1; c < 8; c++) seen[0] ^= seen[c];
  return __builtin_reduce_xor(seen[0]);
}
