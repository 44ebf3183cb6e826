// Arithmetic on f32 buffers: the recurrent steps, the layers around them and their activations.
//
// The order of every sum (law 7). Each output element is a chain of fused multiply-adds:
//
//   linear      bias, then inputs in ascending k                                                 (in chains)
//   conv1d      bias, then taps from the oldest frame to the newest, inside a tap the features of the output's group
//               in ascending k                   (in chains where there is one group and 16384 terms at most)
//   rnn         bias, then inputs in ascending k, then hidden units in ascending k  (the hidden units in chains)
//   gru r z     bias (both of PyTorch's added), then inputs, then hidden units
//   gru n       reset after: b_in, then inputs; b_hn, then hidden units; joined by fma(r, second, first)
//               reset before: bias (both added), then inputs, then r * h of the hidden units
//   lstm gate   bias, then inputs, then hidden (or projected) units; last the peephole
//   projection  zero, then hidden units in ascending k                                           (in chains)
//
// "In chains": with few outputs a chain alone would wait for each of its additions, so there are 4 of them up to 16
// outputs, 2 up to 32, else one. Term k goes to chain k mod 4, or k mod 2; chain 0 begins as said, the others with zero,
// and at the end (chain 0 + chain 1) + (chain 2 + chain 3), or chain 0 + chain 1.
//
// Sums without products:
//
//   avgpool     the oldest frame, then each younger one added; one division by the count
//   layernorm   in f64, added in ascending k: first the features, then the squares of their distances from the mean
//   softmax     largest score by `candidate > largest`, then the exponentials added in ascending k
//
// It is a function of the layer's shape alone: neither the other rows of the batch nor the instruction set nor the
// width of a register enters it, because a register holds different outputs and never parts of one sum. What a cell
// does with its sums stands above its body in body_cells.h.
//
// Units. What a cell takes a sigmoid or a tanh of is its sum in units of 4 ln 2, of 2 ln 2: with s such a sum, e^-a is
// 2^-4s, and e^2a is 2^4s. The weights, bias and peepholes of such a gate, and its bound, are multiplied by the factor
// below before they are packed or given here, in f64 and rounded once. bf16 weights and their biases are not: where their
// sum is at its end, before the peephole, it is multiplied in f32.
//
// Activations are one sequence of add, multiply, fma and true division each, with selects in place of branches. Those of
// the gates and of the state are made of fewer operations in a cell, and i * g and o * tanh(c') have one division.
// Largest errors, of f32 arguments of every size:
//
//   exp, tanh, sigmoid                   2 ulp; below -87 sigmoid stays at 1.6e-38
//   tanh, sigmoid inside a cell          2.5 ulp, a product of them 7; below -64 that sigmoid stays at 2.0e-28
//   elu (alpha 1)                        3e-7
//   selu, softplus, softsign, silu, gelu 3e-7 * max(1, |x|)
//
// They are right at both infinities and at denormals. NaN goes in, NaN comes out, through every function here; its sign
// and payload are not promised. Comparisons are ordered: relu(x) is `x < 0 ? 0 : x`, a bound k is `x < -k ? -k : x`,
// then `x > k ? k : x`, the largest of a pool is found by `candidate > largest`, and NaN is larger than all.
//
// Weights are packed in blocks of RUNNEL_BLOCK outputs, zeros behind the last: of each k the outputs side by side, gate
// after gate.
// Every pointer is 4-byte aligned at least (64 is quicker). Outputs and states of linear, conv, rnn, gru and lstm have
// room for whole blocks, and nothing is promised about what stands behind the last output; every other function touches
// the stated count and no more. Outputs never overlap inputs, but for the functions that say "in place or apart".
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { RUNNEL_BLOCK = 16 };

#define RUNNEL_SIGMOID_FACTOR 0x1.71547652b82fep-2  // 1 / (4 ln 2)
#define RUNNEL_TANH_FACTOR 0x1.71547652b82fep-1     // 1 / (2 ln 2)

// What an activation is; alpha and beta are its own numbers.
enum {
  RUNNEL_NONE = 0,
  RUNNEL_RELU = 1,
  RUNNEL_TANH = 2,
  RUNNEL_SIGMOID = 3,
  RUNNEL_EXP = 4,
  RUNNEL_LEAKY_RELU = 5,         // x < 0 ? alpha x : x
  RUNNEL_ELU = 6,                // x < 0 ? alpha (e^x - 1) : x
  RUNNEL_SELU = 7,               // Klambauer et al. 2017
  RUNNEL_SOFTPLUS = 8,           // ln(1 + e^x)
  RUNNEL_SOFTSIGN = 9,           // x / (1 + |x|)
  RUNNEL_SILU = 10,              // x sigmoid(x)
  RUNNEL_GELU = 11,              // x Phi(x), Phi the normal distribution function
  RUNNEL_HARD_SIGMOID = 12,      // alpha x + beta, cut to 0...1
  RUNNEL_CLIP = 13,              // x, cut to alpha...beta
  RUNNEL_SCALED_TANH = 14,       // alpha tanh(beta x)
  RUNNEL_AFFINE = 15,            // alpha x + beta
  RUNNEL_THRESHOLDED_RELU = 16,  // x > alpha ? x : 0
};

typedef struct {
  int32_t kind;
  float alpha;
  float beta;
} runnel_activation;

// How weights are stored. Biases and peepholes are f32.
//
// A bf16 weight is widened exactly, and the sums have the order above. Two values of k are in one word, the earlier in
// the low half, so that a matrix of K columns has (K + 1) / 2 words of each output; the second of two matrices begins
// with a word of its own.
//
// An int8 weight is 127 w / m in f64, rounded to nearest, ties to even, m the largest |w| of its output in its matrix; its
// scale s = m / 127 is f32. Four values of k are in one word, the earliest lowest, and before the first stands a word of
// its own: -128 times the sum of the others' int8, as int32. So a matrix has 1 + (K + 3) / 4 words of each output. What a
// weight is multiplied with, a row x of features, units, r * h or o * output(c'), is quantised by that row alone:
//
//   m = largest |x|, factor = 127 / m, scale = m / 127; where m < 2^-119 both 0, so that the row counts as zeros
//   q = x * factor rounded to nearest, ties to even, the product exact (one fma)
//   sum of q w over all k: an integer of at most 127 * 127 * RUNNEL_INT8_COLUMNS, exact in int32 in any order
//   a term of a sum of floats is fma((float)sum * s, scale, what was before): of the bias first features, then units
//
// So all of the order of f32 that is left is bias, inputs, units. A NaN or an infinity in a row makes scale NaN, and with
// it every output of that row.
enum { RUNNEL_FLOAT32 = 0, RUNNEL_BF16 = 1, RUNNEL_INT8 = 2 };
enum { RUNNEL_INT8_COLUMNS = 16384 };  // of a matrix, at most

// y = W x + b.
typedef struct {
  int32_t inputs;        // D
  int32_t outputs;       // N
  const float *weights;  // (N / 16, D, 16)
  const float *bias;     // (N / 16, 16)
  int32_t precision;
  const float *scales;   // (N / 16, 16), of int8 weights only
} runnel_linear;

enum { RUNNEL_TAPS = 16384 };  // so many terms of a convolution are laid side by side, at most

// y[n] = b + sum over j of W[j] x[n - (kernel - 1 - j) * dilation]; the frames lie in a ring. Each of G groups of
// outputs sees its own D / G features.
typedef struct {
  int32_t inputs;        // D
  int32_t outputs;       // N
  int32_t groups;        // G, which divides both
  int32_t kernel;        // taps, index 0 the oldest
  int32_t dilation;      // frames between taps
  int32_t ring;          // frames in the ring: (kernel - 1) * dilation + 1
  const float *weights;  // (N / 16, kernel, D / G, 16)
  const float *bias;     // (N / 16, 16)
} runnel_conv;

// Where past frames lie: row r's are in ring `slot[r]`, its newest at frame `at[r]`. rings (slots, ring, width).
typedef struct {
  int32_t ring;
  const float *rings;
  const int32_t *slot;
  const int32_t *at;
} runnel_past;

// Which state rows a step reads and writes: row r reads row `from[r]` of h (and c) and writes row `to[r]`. No row that
// is written is read by any row of the batch. Rows of h and c lie H (h of a projected LSTM: P) floats apart, rounded
// up to whole blocks.
typedef struct {
  float *h;
  float *c;  // LSTM only
  const int32_t *from;
  const int32_t *to;
} runnel_state;

// What takes a row that is alone, in a whole step or in the second half of one, where one piece of code takes all its
// outputs. A set knows its own.
typedef void runnel_lone(void);

typedef struct {
  int32_t inputs;        // D
  int32_t hidden;        // H
  const float *weights;  // (H / 16, D + H, 16)
  const float *bias;     // (H / 16, 16)
  runnel_activation activation;
  float leak;            // 1: none
  int32_t precision;
  const float *scales;   // (H / 16, 2, 16) of W, of R; of int8 weights only
  int32_t plain;         // this and the next two are filled in by prepare_rnn
  runnel_lone *lone_step;
  runnel_lone *lone_finish;
} runnel_rnn;

// The variant of a GRU.
typedef struct {
  int32_t reset_before;  // whether r multiplies h before the hidden product
  runnel_activation gate;
  runnel_activation candidate;
  float gate_clip;       // INFINITY: none
  float candidate_clip;  // the same in the unit of the candidate
} runnel_gru_form;

typedef struct {
  int32_t inputs;        // D
  int32_t hidden;        // H
  const float *weights;  // (H / 16, D + H, 3, 16) r z n
  const float *bias;     // (H / 16, 4, 16) r, z, n of the inputs, n of the hidden units (0 where the reset is before)
  runnel_gru_form form;
  int32_t precision;
  const float *scales;   // (H / 16, 2, 3, 16) of W, of R; of int8 weights only
  int32_t plain;         // this and the next two are filled in by prepare_gru
  runnel_lone *lone_step;
  runnel_lone *lone_finish;
} runnel_gru;

enum { RUNNEL_UNCOUPLED = 0, RUNNEL_COUPLED_INPUT = 1, RUNNEL_COUPLED_FORGET = 2 };

// The variant of an LSTM.
typedef struct {
  int32_t coupling;  // RUNNEL_COUPLED_INPUT: i = 1 - f, RUNNEL_COUPLED_FORGET: f = 1 - i
  int32_t peepholes;
  int32_t projected;
  runnel_activation gate;
  runnel_activation cell;    // of g
  runnel_activation output;  // of c'
  float gate_clip;           // INFINITY: none
  float candidate_clip;      // of what g is taken of: the same in its unit
  float cell_clip;           // INFINITY: none
} runnel_lstm_form;

typedef struct {
  int32_t inputs;            // D
  int32_t hidden;            // H
  const float *weights;      // (H / 16, D + H or D + P, 4, 16) i f g o, coupled 3: without the missing gate
  const float *bias;         // (H / 16, 4 or 3, 16), the two biases of PyTorch added
  const float *peepholes;    // (H / 16, 3, 16) i f o, coupled 2; not read where there are none
  runnel_linear projection;  // H -> P without a bias (zeros)
  runnel_lstm_form form;
  int32_t precision;
  const float *scales;       // (H / 16, 2, 4 or 3, 16) of W, of R; of int8 weights only
  int32_t plain;             // this and the next two are filled in by prepare_lstm
  runnel_lone *lone_step;
  runnel_lone *lone_finish;
} runnel_lstm;

// One instruction set. Strides count floats; `rows` may be 0.
typedef struct {
  // x (rows, D) -> y (rows, N).
  void (*linear)(const runnel_linear *layer, int32_t rows, const float *x, int64_t x_stride,
                 runnel_activation activation, float *y, int64_t y_stride);
  // The taps of each row's past -> y (rows, N).
  void (*conv)(const runnel_conv *layer, int32_t rows, const runnel_past *past, runnel_activation activation, float *y,
               int64_t y_stride);
  // What need not be found out at every step: whether the cell is the one without any option, and what takes a row
  // alone, where something does: `plain` 0 and the others NULL are as good. A layer is prepared by the table that steps it.
  void (*prepare_rnn)(runnel_rnn *layer);
  void (*prepare_gru)(runnel_gru *layer);
  void (*prepare_lstm)(runnel_lstm *layer);
  // x (rows, D), h -> h', which goes to y (rows, H) as well.
  void (*rnn)(const runnel_rnn *layer, int32_t rows, const float *x, int64_t x_stride, const runnel_state *state,
              float *y, int64_t y_stride);
  // The same; scratch (rows, 3, H in whole blocks) where the reset is before.
  void (*gru)(const runnel_gru *layer, int32_t rows, const float *x, int64_t x_stride, const runnel_state *state,
              float *scratch, float *y, int64_t y_stride);
  // x (rows, D), h, c -> h', c'; h' goes to y (rows, H or P) as well. scratch (rows, H in whole blocks) where
  // projected.
  void (*lstm)(const runnel_lstm *layer, int32_t rows, const float *x, int64_t x_stride, const runnel_state *state,
               float *scratch, float *y, int64_t y_stride);

  // A step in two halves, with the same bits. The first, of rows that need not be of one step, is what does not wait for
  // h: x (rows, D) -> sums (rows, (H / 16, gates, 16)), bias and inputs, of 1 gate of an RNN, 3 of a GRU (r, z, n of the
  // inputs), 4 or 3 of an LSTM.
  void (*rnn_begin)(const runnel_rnn *layer, int32_t rows, const float *x, int64_t x_stride, float *sums,
                    int64_t sums_stride);
  void (*gru_begin)(const runnel_gru *layer, int32_t rows, const float *x, int64_t x_stride, float *sums,
                    int64_t sums_stride);
  void (*lstm_begin)(const runnel_lstm *layer, int32_t rows, const float *x, int64_t x_stride, float *sums,
                     int64_t sums_stride);
  // The second, of one row: what the first gave, h, c -> h', c', y.
  void (*rnn_finish)(const runnel_rnn *layer, const float *sums, const runnel_state *state, float *y);
  void (*gru_finish)(const runnel_gru *layer, const float *sums, const runnel_state *state, float *scratch, float *y);
  void (*lstm_finish)(const runnel_lstm *layer, const float *sums, const runnel_state *state, float *scratch,
                      float *y);

  // The largest, the mean of `kernel` frames, `dilation` apart, of each row's past -> y (rows, width).
  void (*max_pool)(int32_t rows, int32_t width, int32_t kernel, int32_t dilation, const runnel_past *past, float *y,
                   int64_t y_stride);
  void (*average_pool)(int32_t rows, int32_t width, int32_t kernel, int32_t dilation, const runnel_past *past, float *y,
                       int64_t y_stride);

  // y = fma(x, scale, shift), scale and shift (width); in place or apart.
  void (*affine)(int32_t rows, int32_t width, const float *x, int64_t x_stride, const float *scale, const float *shift,
                 float *y, int64_t y_stride);
  // y = (x - mean) / sqrt(var + epsilon), then fma(y, weight, bias) where they are not NULL; in place or apart.
  void (*layer_norm)(int32_t rows, int32_t width, double epsilon, const float *x, int64_t x_stride, const float *weight,
                     const float *bias, float *y, int64_t y_stride);
  // y = x < 0 ? alpha x : x, alpha (1) or (width), `each` tells which; in place or apart.
  void (*prelu)(int32_t rows, int32_t width, const float *x, int64_t x_stride, const float *alpha, int32_t each,
                float *y, int64_t y_stride);
  // y = row x[0] of the table (classes, width), NaN where x[0] is no whole number of 0..<classes.
  void (*embed)(int32_t rows, int32_t classes, int32_t width, const float *x, int64_t x_stride, const float *table,
                float *y, int64_t y_stride);
  // y = a + b, y = a b; in place of either or apart.
  void (*add)(int32_t rows, int32_t width, const float *a, int64_t a_stride, const float *b, int64_t b_stride, float *y,
              int64_t y_stride);
  void (*multiply)(int32_t rows, int32_t width, const float *a, int64_t a_stride, const float *b, int64_t b_stride,
                   float *y, int64_t y_stride);

  // sound[row[r]] becomes false where row r of x (rows, width), which lies at `at[r]`, or at r where it is NULL, holds
  // a NaN or an infinity; the others stay as they are.
  void (*check)(int32_t rows, int32_t width, const float *x, int64_t x_stride, const int32_t *at, const int32_t *row,
                bool *sound);
  // x (rows, width) -> y (rows, width), in place or apart.
  void (*softmax)(int32_t rows, int32_t width, const float *x, int64_t x_stride, float *y, int64_t y_stride);
  // x (count) -> y (count), in place or apart.
  void (*activate)(runnel_activation activation, int32_t count, const float *x, float *y);
} runnel_kernels;

// The reference: the compiler's baseline for this architecture. The others are NULL where this processor, or this
// architecture, does not have them. Of each set another table takes layers with int8 weights, and differs in linear and the
// cells alone.
const runnel_kernels *runnel_kernels_scalar(void);
const runnel_kernels *runnel_kernels_scalar_int8(void);
// AVX2 and FMA.
const runnel_kernels *runnel_kernels_avx2(void);
const runnel_kernels *runnel_kernels_avx2_int8(void);
// AVX-512 F, VL, DQ and BW; int8 with VNNI where the processor has it, else by AVX2.
const runnel_kernels *runnel_kernels_avx512(void);
const runnel_kernels *runnel_kernels_avx512_int8(void);
// NEON, of every arm64; int8 with sdot where the processor has it.
const runnel_kernels *runnel_kernels_neon(void);
const runnel_kernels *runnel_kernels_neon_int8(void);
