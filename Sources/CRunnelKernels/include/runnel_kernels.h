// Arithmetic on f32 buffers: the recurrent step, the layers around it and their activations.
//
// The order of every sum (law 7). Each output element is one chain of fused multiply-adds:
//
//   LSTM gate   bias, then inputs in ascending k, then hidden units in ascending k
//   linear      bias, then inputs in ascending k
//   conv1d      bias, then taps from the oldest frame to the newest, inside a tap features in ascending k
//   softmax     largest score by `candidate > largest`, then the exponentials added in ascending k
//
// It is a function of the layer's shape alone: neither the other rows of the batch nor the instruction set nor the
// width of a register enters it, because a register holds different outputs and never parts of one sum. An LSTM then
// does c' = fma(f, c, i * g) and h' = o * tanh(c').
//
// exp, tanh and sigmoid are one sequence of add, multiply, fma and true division each, with selects in place of
// branches: at most 2 ulp for exp, 3e-7 absolute for tanh and sigmoid, right at both infinities and at denormals.
// NaN goes in, NaN comes out; its sign and payload are not promised. Rows of a batch may name one buffer for input
// state and output state, but never the same row of it.
//
// Weights are packed in blocks of RUNNEL_BLOCK outputs, zeros behind the last: one load is one register of neighbours.
// Every pointer is 4-byte aligned at least (64 is quicker); outputs and states have room for whole blocks.
#pragma once

#include <stdint.h>

enum { RUNNEL_BLOCK = 16 };

// Applied to a layer's output where it is made. relu(x) is `x < 0 ? 0 : x`.
enum { RUNNEL_NONE = 0, RUNNEL_RELU = 1, RUNNEL_TANH = 2, RUNNEL_SIGMOID = 3, RUNNEL_EXP = 4 };

// y = W x + b.
typedef struct {
  int32_t inputs;        // D
  int32_t outputs;       // N
  const float *weights;  // (N / 16, D, 16)
  const float *bias;     // (N / 16, 16)
} runnel_linear;

// y[n] = b + sum over j of W[j] x[n - (kernel - 1 - j) * dilation]; the frames lie in a ring.
typedef struct {
  int32_t inputs;        // D
  int32_t outputs;       // N
  int32_t kernel;        // taps, index 0 the oldest
  int32_t dilation;      // frames between taps
  int32_t ring;          // frames in the ring: (kernel - 1) * dilation + 1
  const float *weights;  // (N / 16, kernel, D, 16)
  const float *bias;     // (N / 16, 16)
} runnel_conv;

// Hochreiter and Schmidhuber's cell with forget gate, in PyTorch's order i f g o (FORMATS.md C.2).
typedef struct {
  int32_t inputs;        // D
  int32_t hidden;        // H
  const float *weights;  // (H / 16, D + H, 4, 16)
  const float *bias;     // (H / 16, 4, 16), the two biases of PyTorch added
} runnel_lstm;

// One instruction set. Strides count floats; `rows` may be 0.
typedef struct {
  // x (rows, D) -> y (rows, N).
  void (*linear)(const runnel_linear *layer, int32_t rows, const float *x, int64_t x_stride, int32_t activation,
                 float *y, int64_t y_stride);
  // Row r puts its frame x[r] at frame `at[r]` of ring `slot[r]` and reads its taps behind it. rings (slots, ring, D).
  void (*conv)(const runnel_conv *layer, int32_t rows, const float *x, int64_t x_stride, float *rings,
               const int32_t *slot, const int32_t *at, int32_t activation, float *y, int64_t y_stride);
  // Row r reads h and c of row `from[r]`, writes those of row `to[r]`, and h to y[r] as well.
  // h, c (·, H rounded up to whole blocks).
  void (*lstm)(const runnel_lstm *layer, int32_t rows, const float *x, int64_t x_stride, float *h, float *c,
               const int32_t *from, const int32_t *to, float *y, int64_t y_stride);
  // x (count) -> y (count), in place or apart.
  void (*softmax)(int32_t count, const float *x, float *y);
  void (*activate)(int32_t activation, int32_t count, const float *x, float *y);
} runnel_kernels;

// The reference: the compiler's baseline for this architecture.
const runnel_kernels *runnel_kernels_scalar(void);
// AVX2 and FMA; NULL where this processor, or this architecture, has none.
const runnel_kernels *runnel_kernels_avx2(void);
