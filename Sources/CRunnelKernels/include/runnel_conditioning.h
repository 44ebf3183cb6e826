// Filters and resampling of one channel, sample by sample, in f64: every product and sum is rounded by itself and in the
// order below, one sequence of IEEE operations for every processor; so there are two functions and no set.
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

// By the ratio p / q.
typedef struct {
  int64_t p;
  int64_t q;
  int64_t taps;
  const double *rows;  // (p, taps), the oldest first
  double *history;     // (taps), a ring, moved on
  int64_t place;       // where the next sample goes in the history
  int64_t phase;       // of the next frame, its row
  int64_t wait;        // samples that come before the one with which it is due
} runnel_resampling;

// x (count) -> a frame of each, `stride` apart and rounded to f32; coefficients (sections, 5) b0 b1 b2 a1 a2,
// memories (sections, 2) m0 m1, moved on.
void runnel_filter(int32_t sections, const double *coefficients, double *memories, int64_t count, const float *x,
                   float *frames, int64_t stride);
// x (count) -> the frames that are due. What `resampling` says of the next sample and frame stays as it is.
void runnel_resample(int32_t sections, const double *coefficients, double *memories,
                     const runnel_resampling *resampling, int64_t count, const float *x, float *frames, int64_t stride);
