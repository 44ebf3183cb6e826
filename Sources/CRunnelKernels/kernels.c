#include "int8_products.h"
#include "runnel_kernels.h"

#include <math.h>
#include <stddef.h>

#pragma STDC FP_CONTRACT OFF
// Vectors pass between inlined functions of this file only.
#pragma clang diagnostic ignored "-Wpsabi"

// A block of outputs is computed side by side. A tile has so many rows and sums at most; a chunk of rows, eight tiles,
// follow each other while the weights of a block are near.
#define LANES RUNNEL_BLOCK
// Quantised features of a chunk are at most so many words.
enum { RUNNEL_ROWS = 6, RUNNEL_TILE = 24, RUNNEL_CHUNK = 48, RUNNEL_WORDS = 16384 };

// What the cells are without any option, as constants that an inlined body can be made of.
static const runnel_activation no_activation = {RUNNEL_NONE, 0, 0};
static const runnel_activation plain_tanh = {RUNNEL_TANH, 0, 0};
static const runnel_gru_form plain_gru = {0, {RUNNEL_SIGMOID, 0, 0}, {RUNNEL_TANH, 0, 0}, INFINITY, INFINITY};
static const runnel_lstm_form plain_lstm = {
    RUNNEL_UNCOUPLED, 0, 0, {RUNNEL_SIGMOID, 0, 0}, {RUNNEL_TANH, 0, 0}, {RUNNEL_TANH, 0, 0}, INFINITY, INFINITY, INFINITY,
};

static int rnn_is_plain(const runnel_rnn *layer) {
  return layer->leak == 1.0f && layer->activation.kind == RUNNEL_TANH;
}

static int gru_is_plain(const runnel_gru_form *form) {
  return !form->reset_before && form->gate.kind == RUNNEL_SIGMOID && form->candidate.kind == RUNNEL_TANH &&
         form->gate_clip == INFINITY && form->candidate_clip == INFINITY;
}

static int lstm_is_plain(const runnel_lstm_form *form) {
  return form->coupling == RUNNEL_UNCOUPLED && !form->peepholes && !form->projected &&
         form->gate.kind == RUNNEL_SIGMOID && form->cell.kind == RUNNEL_TANH && form->output.kind == RUNNEL_TANH &&
         form->gate_clip == INFINITY && form->candidate_clip == INFINITY && form->cell_clip == INFINITY;
}

// SUMS: how many blocks of sums a set keeps in registers while k runs.
#define SUMS 1
#define RUNNEL_SET(name) name##_scalar
#define INT8_PRODUCT INT8_PLAIN
#include "kernels_body.h"
#include "kernels_int8.h"
#include "kernels_end.h"
#undef RUNNEL_SET
#undef SUMS

const runnel_kernels *runnel_kernels_scalar(void) { return &table_scalar; }
const runnel_kernels *runnel_kernels_scalar_int8(void) { return &int8_table_scalar; }

#if defined(__x86_64__)

// A block is two registers of sixteen.
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define SUMS 6
#define RUNNEL_SET(name) name##_avx2
#define INT8_PRODUCT INT8_PAIRS
#include "kernels_body.h"
#include "kernels_int8.h"
#include "kernels_end.h"
#undef RUNNEL_SET
#undef SUMS
#pragma clang attribute pop

// A block is one register of 32.
#define AVX512 "avx2,fma,avx512f,avx512vl,avx512dq,avx512bw"
#pragma clang attribute push(__attribute__((target(AVX512))), apply_to = function)
#define SUMS 24
#define RUNNEL_SET(name) name##_avx512
#define INT8_PRODUCT INT8_VNNI
#include "kernels_body.h"
#pragma clang attribute pop
// int8 weights alone take what not every AVX-512 has.
#pragma clang attribute push(__attribute__((target(AVX512 ",avx512vnni"))), apply_to = function)
#include "kernels_int8.h"
#pragma clang attribute pop
#include "kernels_end.h"
#undef RUNNEL_SET
#undef SUMS

const runnel_kernels *runnel_kernels_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &table_avx2 : NULL;
}

const runnel_kernels *runnel_kernels_avx2_int8(void) { return runnel_kernels_avx2() ? &int8_table_avx2 : NULL; }

const runnel_kernels *runnel_kernels_avx512(void) {
  return runnel_kernels_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                 __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw")
             ? &table_avx512
             : NULL;
}

const runnel_kernels *runnel_kernels_avx512_int8(void) {
  if (!runnel_kernels_avx512()) return NULL;
  return __builtin_cpu_supports("avx512vnni") ? &int8_table_avx512 : &int8_table_avx2;
}

#else

const runnel_kernels *runnel_kernels_avx2(void) { return NULL; }
const runnel_kernels *runnel_kernels_avx2_int8(void) { return NULL; }
const runnel_kernels *runnel_kernels_avx512(void) { return NULL; }
const runnel_kernels *runnel_kernels_avx512_int8(void) { return NULL; }

#endif

#if defined(__aarch64__)

// NEON is part of every arm64 processor, and so of the reference too: what differs is how much is done side by side. A
// block is four registers of 32.
#define SUMS 6
#define RUNNEL_SET(name) name##_neon
#define INT8_PRODUCT INT8_NEON
#include "kernels_body.h"
#include "kernels_int8.h"
#include "kernels_end.h"
#undef RUNNEL_SET

// Of this one only what takes int8 weights is looked at.
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#define RUNNEL_SET(name) name##_sdot
#define INT8_PRODUCT INT8_SDOT
#include "kernels_body.h"
#include "kernels_int8.h"
#include "kernels_end.h"
#undef RUNNEL_SET
#undef SUMS
#pragma clang attribute pop

const runnel_kernels *runnel_kernels_neon(void) { return &table_neon; }
const runnel_kernels *runnel_kernels_neon_int8(void) { return has_sdot() ? &int8_table_sdot : &int8_table_neon; }

#else

const runnel_kernels *runnel_kernels_neon(void) { return NULL; }
const runnel_kernels *runnel_kernels_neon_int8(void) { return NULL; }

#endif
