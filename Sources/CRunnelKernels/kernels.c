#include "runnel_kernels.h"

#include <stddef.h>

#pragma STDC FP_CONTRACT OFF
// Vectors pass between inlined functions of this file only.
#pragma clang diagnostic ignored "-Wpsabi"

// Eight outputs side by side. Where a register is narrower, the compiler takes several.
typedef float lanes __attribute__((vector_size(32)));
typedef lanes lanes_in_memory __attribute__((aligned(4)));
typedef int32_t whole __attribute__((vector_size(32)));
typedef uint32_t bits __attribute__((vector_size(32)));
enum { LANES = 8, PER_BLOCK = RUNNEL_BLOCK / LANES };

#define RUNNEL_SET(name) name##_scalar
#include "kernels_body.h"
#undef RUNNEL_SET

const runnel_kernels *runnel_kernels_scalar(void) { return &table_scalar; }

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define RUNNEL_SET(name) name##_avx2
#include "kernels_body.h"
#undef RUNNEL_SET
#pragma clang attribute pop

const runnel_kernels *runnel_kernels_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &table_avx2 : NULL;
}

#else

const runnel_kernels *runnel_kernels_avx2(void) { return NULL; }

#endif
