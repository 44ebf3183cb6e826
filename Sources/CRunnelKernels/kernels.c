#include "runnel_kernels.h"

#include <math.h>
#include <stddef.h>

#pragma STDC FP_CONTRACT OFF
// Vectors pass between inlined functions of this file only.
#pragma clang diagnostic ignored "-Wpsabi"

// A block of outputs is computed side by side; a chunk of rows together, sixes of it; of features what a chunk may take.
#define LANES RUNNEL_BLOCK
enum { RUNNEL_CHUNK = 48, RUNNEL_FEATURES = 16384 };

// What the cells are without any option, as constants that an inlined body can be made of.
static const runnel_activation no_activation = {RUNNEL_NONE, 0, 0};
static const runnel_activation plain_tanh = {RUNNEL_TANH, 0, 0};
static const runnel_gru_form plain_gru = {0, {RUNNEL_SIGMOID, 0, 0}, {RUNNEL_TANH, 0, 0}, INFINITY};
static const runnel_lstm_form plain_lstm = {
    RUNNEL_UNCOUPLED, 0, 0, {RUNNEL_SIGMOID, 0, 0}, {RUNNEL_TANH, 0, 0}, {RUNNEL_TANH, 0, 0}, INFINITY, INFINITY,
};

static int gru_is_plain(const runnel_gru_form *form) {
  return !form->reset_before && form->gate.kind == RUNNEL_SIGMOID && form->candidate.kind == RUNNEL_TANH &&
         form->gate_clip == INFINITY;
}

static int lstm_is_plain(const runnel_lstm_form *form) {
  return form->coupling == RUNNEL_UNCOUPLED && !form->peepholes && !form->projected &&
         form->gate.kind == RUNNEL_SIGMOID && form->cell.kind == RUNNEL_TANH && form->output.kind == RUNNEL_TANH &&
         form->gate_clip == INFINITY && form->cell_clip == INFINITY;
}

#define MANY_REGISTERS 0
#define RUNNEL_SET(name) name##_scalar
#include "kernels_body.h"
#undef RUNNEL_SET
#undef MANY_REGISTERS

const runnel_kernels *runnel_kernels_scalar(void) { return &table_scalar; }

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define MANY_REGISTERS 0
#define RUNNEL_SET(name) name##_avx2
#include "kernels_body.h"
#undef RUNNEL_SET
#undef MANY_REGISTERS
#pragma clang attribute pop

const runnel_kernels *runnel_kernels_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &table_avx2 : NULL;
}

#else

const runnel_kernels *runnel_kernels_avx2(void) { return NULL; }

#endif
