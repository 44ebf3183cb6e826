// Every kernel of one set on seeded random shapes, and all that comes out, on standard output. Two sets, or two
// processors, agree where these bytes do. What NaN looks like is not promised: each is written alike.
//
//   kernel_outputs scalar|avx2|avx512|neon [rounds]

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runnel_conditioning.h"
#include "runnel_kernels.h"

static const runnel_kernels *kernels, *int8_kernels;

// MARK: seeded numbers

static uint64_t seed = 1;

static uint32_t next(void) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 32);
}

static int32_t below(int32_t limit) { return (int32_t)(next() % (uint32_t)limit); }
static float uniform(void) { return (float)((int32_t)next() >> 7) * 0x1p-24f; }

// Usual values, and now and then one that is denormal, huge, zero with a sign, or none.
static float value(int32_t wild) {
  if (!wild) return uniform();
  switch (below(60)) {
    case 0: return uniform() * 1e-41f;
    case 1: return uniform() * 1e18f;
    case 2: return -0.0f;
    case 3: return below(20) == 0 ? NAN : uniform();
    case 4: return below(20) == 0 ? INFINITY : uniform();
    default: return uniform();
  }
}

// So many values, 4-byte aligned and rarely more. Freed at the end of a round.
static void *taken[128];
static int32_t count_taken;

static float *values(int64_t count, int32_t wild) {
  float *all = malloc(((size_t)count + 64) * sizeof(float));
  if (!all || count_taken == 128) exit(70);
  taken[count_taken++] = all;
  float *from = all + below(16);
  for (int64_t k = 0; k < count + 32; k++) from[k] = value(wild);
  return from;
}

static void release(void) {
  while (count_taken > 0) free(taken[--count_taken]);
}

// MARK: what comes out

static void put(const float *x, int32_t rows, int32_t width, int64_t stride) {
  for (int32_t row = 0; row < rows; row++)
    for (int32_t k = 0; k < width; k++) {
      const float each = x[row * stride + k], none = NAN;
      fwrite(each == each ? &each : &none, sizeof(float), 1, stdout);
    }
}

static int64_t padded(int32_t count) { return ((int64_t)count + RUNNEL_BLOCK - 1) / RUNNEL_BLOCK * RUNNEL_BLOCK; }
static int64_t words(int32_t precision, int32_t count) {
  return precision == RUNNEL_BF16 ? (count + 1) / 2 : precision == RUNNEL_INT8 ? 1 + (count + 3) / 4 : count;
}

// Any bits that are no NaN are two bf16.
static void make_bf16(float *word, float scale) {
  uint32_t pair, other;
  const float partner = uniform() * scale;
  memcpy(&pair, word, 4);
  memcpy(&other, &partner, 4);
  pair = (pair & 0xffff0000u) | other >> 16;
  memcpy(word, &pair, 4);
}

// One output of one matrix, its words 16 * gates apart; now and then all zeros.
static void make_int8(uint32_t *to, int32_t gates, int32_t count) {
  const int32_t largest = below(20) ? 127 : 0;
  int32_t sum = 0;
  for (int64_t word = 1; word < words(RUNNEL_INT8, count); word++) {
    uint32_t four = 0;
    for (int32_t k = 0; k < 4; k++) {
      const int32_t weight = 4 * (word - 1) + k < count ? below(2 * largest + 1) - largest : 0;
      sum += weight;
      four |= (uint32_t)(weight & 0xff) << 8 * k;
    }
    to[word * gates * RUNNEL_BLOCK] = four;
  }
  to[0] = -128 * (uint32_t)sum;
}

// Weights of two matrices of so many columns, of so many outputs and gates.
static float *weights(int32_t precision, int32_t outputs, int32_t gates, int32_t first, int32_t second) {
  const int64_t of_first = words(precision, first), each = of_first + (second ? words(precision, second) : 0);
  const int64_t count = padded(outputs) * gates * each;
  float *all = values(count, 0);
  const float scale = 1.0f / sqrtf((float)(first + second));
  for (int64_t k = 0; k < count; k++) {
    all[k] *= scale;
    if (precision == RUNNEL_BF16) make_bf16(all + k, scale);
  }
  if (precision != RUNNEL_INT8) return all;
  for (int64_t block = 0; block < padded(outputs) / RUNNEL_BLOCK; block++)
    for (int32_t output = 0; output < gates * RUNNEL_BLOCK; output++) {
      uint32_t *to = (uint32_t *)all + block * each * gates * RUNNEL_BLOCK + output;
      make_int8(to, gates, first);
      if (second) make_int8(to + of_first * gates * RUNNEL_BLOCK, gates, second);
    }
  return all;
}

// Of so many outputs of matrices and gates.
static const float *scales(int64_t count) {
  float *all = values(count, 0);
  for (int64_t k = 0; k < count; k++) all[k] = fabsf(all[k]) * 0x1p-8f;
  return all;
}

static const runnel_kernels *layers_of(int32_t precision) { return precision == RUNNEL_INT8 ? int8_kernels : kernels; }

static runnel_activation activation(void) {
  const int32_t kind = below(3) ? RUNNEL_TANH : below(17);
  return (runnel_activation){kind, kind == RUNNEL_CLIP ? -0.5f : 0.25f, 0.5f};
}

static runnel_activation gate(void) {
  return (runnel_activation){below(3) ? RUNNEL_SIGMOID : RUNNEL_HARD_SIGMOID, 0.2f, 0.5f};
}

// MARK: cells

static int32_t rows, inputs, hidden, precision;
static int32_t from[64], to[64];

// The same step of each row in two halves, which is to give the same again.
#define IN_HALVES(kind, layer, sums_of_row, ...)                                                        \
  do {                                                                                                  \
    const int64_t of_row = (sums_of_row);                                                               \
    float *sums = values(rows * of_row, 0);                                                             \
    layers_of(precision)->kind##_begin(&(layer), rows, x, inputs, sums, of_row);                        \
    put(sums, rows, (int32_t)of_row, of_row);                                                           \
    for (int32_t row = 0; row < rows; row++) {                                                          \
      const runnel_state of_one = {state.h, state.c, from + row, to + row};                             \
      layers_of(precision)->kind##_finish(&(layer), sums + row * of_row, &of_one, __VA_ARGS__);         \
    }                                                                                                   \
  } while (0)

static void step(int32_t cell) {
  const int32_t outputs = cell == 3 ? 1 + below(hidden) : hidden;
  const int64_t stride = padded(outputs), cells = padded(hidden);
  runnel_state state = {values(2 * rows * stride, 1), values(2 * rows * cells, 1), from, to};
  for (int64_t k = 0; k < 2 * rows * stride; k++) state.h[k] *= fabsf(state.h[k]) < 1e9f ? 1.0f : 0x1p-60f;
  const float *x = values((int64_t)rows * inputs, 1);
  float *scratch = values(3 * rows * cells, 0), *y = values(rows * stride, 0);
  if (cell == 0) {
    const runnel_activation act = activation();
    const float leak = below(2) ? 1.0f : 0.25f;
    runnel_rnn layer = {inputs, hidden, weights(precision, hidden, 1, inputs, hidden), values(cells, 0), act, leak,
                        precision, scales(2 * cells), 0, NULL, NULL};
    layers_of(precision)->prepare_rnn(&layer);
    layers_of(precision)->rnn(&layer, rows, x, inputs, &state, y, stride);
    put(y, rows, outputs, stride);
    IN_HALVES(rnn, layer, cells, y + row * stride);
  } else if (cell == 1) {
    const int32_t plain = below(2);
    const runnel_gru_form any = {below(2), gate(), activation(), below(2) ? INFINITY : 0.5f,
                                 below(2) ? INFINITY : 0.5f};
    const runnel_gru_form usual = {0, {RUNNEL_SIGMOID, 0, 0}, {RUNNEL_TANH, 0, 0}, INFINITY, INFINITY};
    runnel_gru layer = {inputs, hidden, weights(precision, hidden, 3, inputs, hidden), values(4 * cells, 0),
                        plain ? usual : any, precision, scales(6 * cells), 0, NULL, NULL};
    layers_of(precision)->prepare_gru(&layer);
    layers_of(precision)->gru(&layer, rows, x, inputs, &state, scratch, y, stride);
    put(y, rows, outputs, stride);
    IN_HALVES(gru, layer, 3 * cells, scratch, y + row * stride);
  } else {
    const int32_t coupling = cell == 2 ? RUNNEL_UNCOUPLED : below(3), plain = cell == 2;
    const int32_t gates = coupling == RUNNEL_UNCOUPLED ? 4 : 3;
    const runnel_lstm_form any = {coupling, below(2), 1, gate(), activation(), activation(), below(2) ? INFINITY : 0.5f,
                                  below(2) ? INFINITY : 0.5f, below(2) ? INFINITY : 0.5f};
    const runnel_lstm_form usual = {RUNNEL_UNCOUPLED, 0, 0, {RUNNEL_SIGMOID, 0, 0}, {RUNNEL_TANH, 0, 0},
                                    {RUNNEL_TANH, 0, 0}, INFINITY, INFINITY, INFINITY};
    runnel_lstm layer = {inputs, hidden, weights(precision, hidden, gates, inputs, outputs),
                         values(gates * cells, 0), values(gates * cells, 0),
                         {hidden, outputs, weights(precision, outputs, 1, hidden, 0), values(stride, 0),
                          precision, scales(stride)},
                         plain ? usual : any, precision, scales(2 * gates * cells), 0, NULL, NULL};
    layers_of(precision)->prepare_lstm(&layer);
    layers_of(precision)->lstm(&layer, rows, x, inputs, &state, scratch, y, stride);
    put(y, rows, outputs, stride);
    IN_HALVES(lstm, layer, gates * cells, scratch, y + row * stride);
    put(state.c, 2 * rows, hidden, cells);
  }
  put(state.h, 2 * rows, outputs, stride);
  put(y, rows, outputs, stride);
}

// MARK: layers

static void layers(void) {
  const int32_t outputs = hidden;
  const int64_t stride = padded(outputs);
  float *y = values(rows * stride, 0);
  const float *matrix = weights(precision, outputs, 1, inputs, 0);
  const runnel_linear linear = {inputs, outputs, matrix, values(stride, 0), precision, scales(stride)};
  layers_of(precision)->linear(&linear, rows, values((int64_t)rows * inputs, 1), inputs, activation(), y, stride);
  put(y, rows, outputs, stride);

  const int32_t groups = below(2) ? 1 : 1 + below(4), features = 1 + below(6), each = 1 + below(12);
  const int32_t kernel = 1 + below(5), dilation = 1 + below(3), ring = (kernel - 1) * dilation + 1;
  const runnel_conv conv = {groups * features, groups * each, groups, kernel, dilation, ring,
                            weights(RUNNEL_FLOAT32, groups * each, 1, kernel * features, 0),
                            values(padded(groups * each), 0)};
  int32_t slot[64], at[64];
  for (int32_t row = 0; row < rows; row++) {
    slot[row] = rows - 1 - row;
    at[row] = below(ring);
  }
  const runnel_past past = {ring, values((int64_t)rows * ring * groups * features, 1), slot, at};
  float *z = values(rows * padded(groups * (each > features ? each : features)), 0);  // of the pools too
  kernels->conv(&conv, rows, &past, activation(), z, padded(groups * each));
  put(z, rows, groups * each, padded(groups * each));
  kernels->max_pool(rows, groups * features, kernel, dilation, &past, z, groups * features);
  put(z, rows, groups * features, groups * features);
  kernels->average_pool(rows, groups * features, kernel, dilation, &past, z, groups * features);
  put(z, rows, groups * features, groups * features);
}

static void features(void) {
  const int32_t width = hidden;
  const float *a = values((int64_t)rows * width, 1), *b = values((int64_t)rows * width, 1);
  float *y = values((int64_t)rows * width, 0);
  kernels->affine(rows, width, a, width, b, b + 1, y, width);
  put(y, rows, width, width);
  kernels->layer_norm(rows, width, 1e-5, a, width, b, b + 1, y, width);
  put(y, rows, width, width);
  kernels->prelu(rows, width, a, width, b, below(2), y, width);
  put(y, rows, width, width);
  kernels->add(rows, width, a, width, b, width, y, width);
  put(y, rows, width, width);
  kernels->multiply(rows, width, a, width, b, width, y, width);
  put(y, rows, width, width);
  kernels->softmax(1, width, a, width, y, width);
  put(y, 1, width, width);
  const float *x = values(1024, 1);
  float *z = values(1024, 0);
  for (int32_t kind = RUNNEL_NONE; kind <= RUNNEL_THRESHOLDED_RELU; kind++) {
    kernels->activate((runnel_activation){kind, 0.25f, 0.5f}, 1024 - kind, x, z);
    put(z, 1, 1024 - kind, 1024);
  }
}

// One function for every set, so for every processor: filters, then filters and resampling, of channels side by side, a chunk
// after the other.
static void conditioning(void) {
  const int32_t sections = below(7), taps = 1 + below(30), p = 1 + below(5), q = 1 + below(5), channels = 1 + below(8);
  double coefficients[6 * 5], memories[6 * 2 * 8] = {0}, of_phases[5 * 30], history[30 * 8] = {0};
  for (int32_t s = 0; s < sections; s++)
    for (int32_t k = 0; k < 5; k++) coefficients[5 * s + k] = uniform() * (k < 3 ? 1.0 : k < 4 ? 0.9 : 0.09);
  for (int32_t k = 0; k < p * taps; k++) of_phases[k] = uniform();
  const runnel_filtering filter = {sections, coefficients};
  const float *x = values(300 * channels, 0);
  float *frames = values(1500 * channels, 0);
  for (int32_t first = 0, some; first < 300; first += some) {
    some = 1 + below(300 - first);
    runnel_condition(&filter, memories, NULL, NULL, channels, some, x + first, 300, frames + first * channels);
  }
  put(frames, 300, channels, channels);
  const runnel_resampling by = {p, q, taps, of_phases, below(taps), below(p), below(4)};
  const int64_t due = by.wait >= 300 ? 0 : 1 + ((300 - by.wait) * p - 1 - by.phase) / q;
  runnel_condition(&filter, memories, &by, history, channels, 300, x, 300, frames);
  put(frames, (int32_t)due, channels, channels);
  double moments[2 * 8];
  for (int32_t d = 0; d < channels; d++) moments[2 * d] = uniform(), moments[2 * d + 1] = 0.5;
  float *some = values(100 * channels, 1);
  runnel_normalise(0.05, 1e-4, moments, channels, 100, some);
  put(some, 100, channels, channels);
}

int main(int count, char **words) {
  const char *name = count > 1 ? words[1] : "";
  if (!strcmp(name, "scalar")) {
    kernels = runnel_kernels_scalar();
    int8_kernels = runnel_kernels_scalar_int8();
  } else if (!strcmp(name, "avx2")) {
    kernels = runnel_kernels_avx2();
    int8_kernels = runnel_kernels_avx2_int8();
  } else if (!strcmp(name, "avx512")) {
    kernels = runnel_kernels_avx512();
    int8_kernels = runnel_kernels_avx512_int8();
  } else if (!strcmp(name, "neon")) {
    kernels = runnel_kernels_neon();
    int8_kernels = runnel_kernels_neon_int8();
  }
  if (!kernels) {
    fprintf(stderr, "kernel_outputs: this processor has no kernels '%s'\n", name);
    return 69;
  }
  const int32_t rounds = count > 2 ? atoi(words[2]) : 200;
  for (int32_t round = 0; round < rounds; round++) {
    rows = 1 + below(14);
    inputs = 1 + below(below(4) ? 9 : 70);
    hidden = 1 + below(below(4) ? 40 : 140);
    precision = below(3);
    for (int32_t row = 0; row < rows; row++) {
      from[row] = round % 2 ? 2 * row : 2 * row + 1;
      to[row] = from[row] ^ 1;
    }
    for (int32_t cell = 0; cell < 4; cell++) step(cell);
    layers();
    features();
    conditioning();
    release();
  }
  return 0;
}
