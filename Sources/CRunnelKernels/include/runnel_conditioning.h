// Filters, resampling and normalisation of channels side by side, sample by sample, in f64: every product and sum is rounded
// by itself and in the order below, one sequence of IEEE operations for every processor and however many channels there are;
// so there is one function of each kind and no set.
//
// A second-order section, in transposed direct form II; its output is the next one's input:
//
//   y  = b0 x + m0
//   m0 = (b1 x - a1 y) + m1
//   m1 = b2 x - a2 y
//
// A frame is the sum of tap times sample from the oldest sample of the history to the newest, begun with 0.
#pragma once

#include <stdint.h>

typedef struct {
  int32_t sections;
  const double *coefficients;  // (sections, 5) b0 b1 b2 a1 a2
} runnel_filtering;

// By the ratio p / q.
typedef struct {
  int64_t p;
  int64_t q;
  int64_t taps;
  const double *rows;  // (p, taps), the oldest first
  int64_t place;       // where the next sample goes in the history
  int64_t phase;       // of the next frame, its row
  int64_t wait;        // samples that come before the one with which it is due
} runnel_resampling;

// x (channels, count), channels `column` apart -> frames (n, channels), rounded to f32: one of each sample, or those that are
// due by `resampling`, which may be NULL. memories (sections, 2, channels) m0 m1, and history (taps, channels), a ring, are
// moved on; what `resampling` says of the next sample and frame stays as it is.
void runnel_condition(const runnel_filtering *filter, double *memories, const runnel_resampling *resampling,
                      double *history, int64_t channels, int64_t count, const float *x, int64_t column, float *frames);

// Running normalisation of frames (count, channels) in place, by moments (channels, 2) mean and variance, which are moved on:
//
//   d = x - m;  m = m + a d;  v = v + a (d (x - m) - v);  x = (x - m) / sqrt(v + epsilon)
//
// in f64, rounded to f32, where a is `forgetting`. What is not finite stays as it is and is not remembered.
void runnel_normalise(double forgetting, double epsilon, double *moments, int64_t channels, int64_t count,
                      float *frames);
