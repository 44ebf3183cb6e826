#include "runnel_machine.h"

#include <math.h>
#include <stddef.h>

#include "int8_products.h"
#include "runnel_kernels.h"

#pragma STDC FP_CONTRACT OFF
#pragma clang diagnostic ignored "-Wpsabi"

#define LANES RUNNEL_BLOCK

// Two units of four cycles each want eight chains; more than the registers hold would be stored and loaded. A block of
// 16 values is one register or several.
#define CHAINS 6
#define RUNNEL_SET(name) name##_scalar
#define INT8_PRODUCT INT8_PLAIN
#include "machine_body.h"
#include "machine_int8.h"
#include "kernels_end.h"
#undef RUNNEL_SET

const runnel_machine *runnel_machine_scalar(void) { return &machine_scalar; }

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define RUNNEL_SET(name) name##_avx2
#define INT8_PRODUCT INT8_PAIRS
#include "machine_body.h"
#include "machine_int8.h"
#include "kernels_end.h"
#undef RUNNEL_SET
#pragma clang attribute pop
#undef CHAINS

#define CHAINS 12
#define AVX512 "avx2,fma,avx512f,avx512vl,avx512dq,avx512bw"
#pragma clang attribute push(__attribute__((target(AVX512))), apply_to = function)
#define RUNNEL_SET(name) name##_avx512
#define INT8_PRODUCT INT8_VNNI
#include "machine_body.h"
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target(AVX512 ",avx512vnni"))), apply_to = function)
#include "machine_int8.h"
#pragma clang attribute pop
#include "kernels_end.h"
#undef RUNNEL_SET

// Without VNNI the kernels multiply int8 by AVX2.
static const runnel_machine machine_avx512_pairs = {
    .per_round = CHAINS * RUNNEL_BLOCK,
    .multiply_add = multiply_add_avx512,
    .per_int8_round = 4 * chains_avx2 * RUNNEL_BLOCK,
    .multiply_add_int8 = multiply_add_int8_avx2,
    .read = read_avx512,
};

const runnel_machine *runnel_machine_avx2(void) { return runnel_kernels_avx2() ? &machine_avx2 : NULL; }

const runnel_machine *runnel_machine_avx512(void) {
  if (!runnel_kernels_avx512()) return NULL;
  return __builtin_cpu_supports("avx512vnni") ? &machine_avx512 : &machine_avx512_pairs;
}

#else

const runnel_machine *runnel_machine_avx2(void) { return NULL; }
const runnel_machine *runnel_machine_avx512(void) { return NULL; }

#endif

#if defined(__aarch64__)

#define RUNNEL_SET(name) name##_neon
#define INT8_PRODUCT INT8_NEON
#include "machine_body.h"
#include "machine_int8.h"
#include "kernels_end.h"
#undef RUNNEL_SET

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#define RUNNEL_SET(name) name##_sdot
#define INT8_PRODUCT INT8_SDOT
#include "machine_body.h"
#include "machine_int8.h"
#include "kernels_end.h"
#undef RUNNEL_SET
#pragma clang attribute pop

const runnel_machine *runnel_machine_neon(void) { return has_sdot() ? &machine_sdot : &machine_neon; }

#else

const runnel_machine *runnel_machine_neon(void) { return NULL; }

#endif
