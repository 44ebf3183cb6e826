// What bounds every kernel: multiply-adds that wait for nothing, and reads. Loops to be timed by whoever asks how near a
// kernel comes.
#pragma once

#include <stdint.h>

typedef struct {
  // Multiply-adds of one round.
  int64_t per_round;
  // `rounds` of them in as many independent chains as keep the units busy, each factor * sum + term. What comes out is
  // there so that nothing is left out.
  float (*multiply_add)(int64_t rounds, float factor, float term);
  // The same of int8, by what the set multiplies it with; x (128 words), of which nothing matters.
  int64_t per_int8_round;
  uint32_t (*multiply_add_int8)(int64_t rounds, const uint32_t *x);
  // Reads `count` floats, a multiple of 128, x 64-byte aligned.
  uint32_t (*read)(const float *x, int64_t count);
} runnel_machine;

// The sets of runnel_kernels.h, NULL where there is none.
const runnel_machine *runnel_machine_scalar(void);
const runnel_machine *runnel_machine_avx2(void);
const runnel_machine *runnel_machine_avx512(void);
const runnel_machine *runnel_machine_neon(void);
