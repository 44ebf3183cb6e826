#include "runnel_conditioning.h"

#include <stddef.h>

#pragma STDC FP_CONTRACT OFF
// Everything here that takes or gives four values is inlined, so how these would be passed does not matter.
#pragma clang diagnostic ignored "-Wpsabi"

#define IN static inline __attribute__((always_inline))
// So many sections are held in registers, as there are registers for with one and two channels. From sample to sample a
// section waits for four operations of its own, in which others have time for theirs; in memory each sample would wait for its
// memories too.
enum { HELD = 3 };

#define WIDTH 4
#define VALUES values_4
#define OF(name) name##_4
#include "conditioning_body.h"

#define WIDTH 2
#define VALUES values_2
#define OF(name) name##_2
#include "conditioning_body.h"

#define WIDTH 1
#define VALUES values_1
#define OF(name) name##_1
#include "conditioning_body.h"

// `take(width, channels)` for all channels, from channel d on: four, two or one at a time. A constant where there is one, as most
// lanes have.
#define SIDE_BY_SIDE(take)                           \
  int64_t d = 0;                                     \
  if (channels == 1) {                               \
    take(1, 1);                                      \
    return;                                          \
  }                                                  \
  for (; d + 4 <= channels; d += 4) take(4, channels); \
  for (; d + 2 <= channels; d += 2) take(2, channels); \
  for (; d < channels; d++) take(1, channels);

#define CONDITION(width, channels)                                                                                  \
  condition_any_##width(filter, memories ? memories + d : NULL, resampling, history ? history + d : NULL, channels, \
                        count, x + d * column, column, frames + d)
void runnel_condition(const runnel_filtering *filter, double *memories, const runnel_resampling *resampling,
                      double *history, int64_t channels, int64_t count, const float *x, int64_t column, float *frames) {
  SIDE_BY_SIDE(CONDITION)
}

#define NORMALISE(width, channels) normalise_##width(forgetting, epsilon, moments + 2 * d, channels, count, frames + d)
void runnel_normalise(double forgetting, double epsilon, double *moments, int64_t channels, int64_t count,
                      float *frames) {
  SIDE_BY_SIDE(NORMALISE)
}
