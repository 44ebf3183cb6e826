// The limit of int8 of one set, behind machine_body.h.

#include "body_int8_product.h"

static uint32_t RUNNEL_SET(multiply_add_int8)(int64_t rounds, const uint32_t *x) {
  bits sum[CHAINS];
  UNROLLED for (int32_t c = 0; c < CHAINS; c++) sum[c] = (bits)((uint32_t)c);
  const RUNNEL_SET(int8_weights) weights = RUNNEL_SET(int8_widened)((bits)(x[0]));
  for (int64_t round = 0; round < rounds; round++) {
    // Another x, as far as the compiler knows, so that no product is taken from the round before.
    __asm__ volatile("" : "+r"(x));
    UNROLLED for (int32_t c = 0; c < CHAINS; c++)
      sum[c] = RUNNEL_SET(int8_product)(sum[c], weights, x + c * RUNNEL_SET(int8_words));
  }
  for (int32_t c = 1; c < CHAINS; c++) sum[0] ^= sum[c];
  return __builtin_reduce_xor(sum[0]);
}

enum { RUNNEL_SET(chains) = CHAINS };

static const runnel_machine RUNNEL_SET(machine) = {
    .per_round = CHAINS * RUNNEL_BLOCK,
    .multiply_add = RUNNEL_SET(multiply_add),
    .per_int8_round = 4 * CHAINS * RUNNEL_BLOCK,
    .multiply_add_int8 = RUNNEL_SET(multiply_add_int8),
    .read = RUNNEL_SET(read),
};
#undef INT8_PRODUCT
