#include "runnel_machine.h"

#include <stddef.h>

#include "runnel_kernels.h"

#pragma STDC FP_CONTRACT OFF
#pragma clang diagnostic ignored "-Wpsabi"

// Two units of four cycles each want eight chains; more than the registers hold would be stored and loaded. A block of
// 16 floats is one register or several.
#define CHAINS 6
#define RUNNEL_SET(name) name##_scalar
#include "machine_body.h"
#undef RUNNEL_SET

const runnel_machine *runnel_machine_scalar(void) { return &machine_scalar; }

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define RUNNEL_SET(name) name##_avx2
#include "machine_body.h"
#undef RUNNEL_SET
#pragma clang attribute pop
#undef CHAINS

#define CHAINS 12
#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f"))), apply_to = function)
#define RUNNEL_SET(name) name##_avx512
#include "machine_body.h"
#undef RUNNEL_SET
#pragma clang attribute pop

const runnel_machine *runnel_machine_avx2(void) { return runnel_kernels_avx2() ? &machine_avx2 : NULL; }
const runnel_machine *runnel_machine_avx512(void) { return runnel_kernels_avx512() ? &machine_avx512 : NULL; }

#else

const runnel_machine *runnel_machine_avx2(void) { return NULL; }
const runnel_machine *runnel_machine_avx512(void) { return NULL; }

#endif
