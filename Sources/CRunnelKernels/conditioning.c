#include "runnel_conditioning.h"

#include <stddef.h>

#pragma STDC FP_CONTRACT OFF

#define IN static inline __attribute__((always_inline))
// So many sections are held in registers, as there are registers for. From sample to sample a section waits for four
// operations of its own, in which others have time for theirs; in memory each sample would wait for its memories too.
enum { HELD = 3 };

IN double section(const double *of, double *first, double *second, double x) {
  const double y = of[0] * x + *first;
  *first = (of[1] * x - of[3] * y) + *second;
  *second = of[2] * x - of[4] * y;
  return y;
}

IN double frame(const double *history, int64_t newest, const double *row, int64_t taps) {
  double sum = 0.0;
  for (int64_t i = newest + 1; i < taps; i++) sum += history[i] * *row++;
  for (int64_t i = 0; i <= newest; i++) sum += history[i] * *row++;
  return sum;
}

// Filtering and resampling take turns sample by sample: each waits for itself, and has time for the other. `held` and
// whether there are others, and a resampler, are constants.
IN void condition(int32_t sections, const double *coefficients, double *memories, const int32_t held, const int others,
                  const runnel_resampling *resampling, int64_t count, const float *samples, float *frames,
                  int64_t stride) {
  double first[HELD + 1], second[HELD + 1];
  for (int32_t i = 0; i < held; i++) {
    first[i] = memories[2 * i];
    second[i] = memories[2 * i + 1];
  }
  const runnel_resampling r = resampling ? *resampling : (runnel_resampling){0};
  int64_t place = r.place, phase = r.phase, wait = r.wait;
  for (int64_t t = 0; t < count; t++) {
    double x = samples[t];
#pragma clang loop unroll(full)
    for (int32_t i = 0; i < held; i++) x = section(coefficients + 5 * i, first + i, second + i, x);
    if (others)
      for (int32_t i = held; i < sections; i++)
        x = section(coefficients + 5 * i, memories + 2 * i, memories + 2 * i + 1, x);
    if (!resampling) {
      frames[t * stride] = (float)x;
      continue;
    }
    r.history[place] = x;
    for (; wait == 0; frames += stride) {
      *frames = (float)frame(r.history, place, r.rows + phase * r.taps, r.taps);
      phase += r.q;
      wait = phase / r.p;
      phase %= r.p;
    }
    wait--;
    place = place + 1 == r.taps ? 0 : place + 1;
  }
  for (int32_t i = 0; i < held; i++) {
    memories[2 * i] = first[i];
    memories[2 * i + 1] = second[i];
  }
}

#define CONDITION(held, others, resampling) \
  condition(sections, coefficients, memories, held, others, resampling, count, x, frames, stride)
#define CONDITION_ANY(resampling)                      \
  switch (sections) {                                  \
    case 0: CONDITION(0, 0, resampling); break;        \
    case 1: CONDITION(1, 0, resampling); break;        \
    case 2: CONDITION(2, 0, resampling); break;        \
    case 3: CONDITION(3, 0, resampling); break;        \
    default: CONDITION(HELD, 1, resampling); break;    \
  }

void runnel_filter(int32_t sections, const double *coefficients, double *memories, int64_t count, const float *x,
                   float *frames, int64_t stride) {
  CONDITION_ANY(NULL)
}

void runnel_resample(int32_t sections, const double *coefficients, double *memories,
                     const runnel_resampling *resampling, int64_t count, const float *x, float *frames,
                     int64_t stride) {
  CONDITION_ANY(resampling)
}
