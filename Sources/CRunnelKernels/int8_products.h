// How a set multiplies int8 (body_int8_product.h): by one value, pmaddwd, vpdpbusd, smull, sdot.
#pragma once

#define INT8_PLAIN 0
#define INT8_PAIRS 1
#define INT8_VNNI 2
#define INT8_NEON 3
#define INT8_SDOT 4

#if defined(__aarch64__)

#include <arm_neon.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif

static inline int has_sdot(void) {
#if defined(__ARM_FEATURE_DOTPROD)
  return 1;
#elif defined(__linux__)
  return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#else
  return 0;
#endif
}

#endif
