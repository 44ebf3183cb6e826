// Conditioning of WIDTH channels side by side, included once for each width. VALUES is a number of each of them;
// OF(name) names what is of this width. The operations of a channel are the same in every width, and in the same order.

#if WIDTH == 1
typedef double VALUES;
#else
typedef double VALUES __attribute__((ext_vector_type(WIDTH)));
typedef float OF(floats) __attribute__((ext_vector_type(WIDTH)));
#endif

IN VALUES OF(load)(const double *from) {
  VALUES x;
  __builtin_memcpy(&x, from, sizeof x);
  return x;
}

IN void OF(keep)(double *to, VALUES x) { __builtin_memcpy(to, &x, sizeof x); }

// A sample of each channel; channels lie `column` apart.
IN VALUES OF(sample)(const float *x, int64_t column) {
#if WIDTH == 1
  (void)column;
  return *x;
#else
  OF(floats) all;
#pragma clang loop unroll(full)
  for (int32_t d = 0; d < WIDTH; d++) all[d] = x[d * column];
  return __builtin_convertvector(all, VALUES);
#endif
}

IN void OF(put)(float *frame, VALUES x) {
#if WIDTH == 1
  *frame = (float)x;
#else
  const OF(floats) all = __builtin_convertvector(x, OF(floats));
  __builtin_memcpy(frame, &all, sizeof all);
#endif
}

IN VALUES OF(section)(const double *of, VALUES *first, VALUES *second, VALUES x) {
  const VALUES y = of[0] * x + *first;
  *first = (of[1] * x - of[3] * y) + *second;
  *second = of[2] * x - of[4] * y;
  return y;
}

IN VALUES OF(frame)(const double *history, int64_t channels, int64_t newest, const double *row, int64_t taps) {
  VALUES sum = 0.0;
  for (int64_t i = newest + 1; i < taps; i++) sum += OF(load)(history + i * channels) * *row++;
  for (int64_t i = 0; i <= newest; i++) sum += OF(load)(history + i * channels) * *row++;
  return sum;
}

// Filtering and resampling take turns sample by sample: each waits for itself, and has time for the other. `held` and
// whether there are others, and a resampler, are constants. Channel d of the WIDTH is column d of x, and value d of what is
// kept and of a frame of `channels`.
IN void OF(condition)(const runnel_filtering *filter, double *memories, const int32_t held, const int others,
                      const runnel_resampling *resampling, double *history, int64_t channels, int64_t count,
                      const float *x, int64_t column, float *frames) {
  const double *coefficients = filter->coefficients;
  VALUES first[HELD + 1], second[HELD + 1];
  for (int32_t i = 0; i < held; i++) {
    first[i] = OF(load)(memories + 2 * i * channels);
    second[i] = OF(load)(memories + (2 * i + 1) * channels);
  }
  const runnel_resampling r = resampling ? *resampling : (runnel_resampling){0};
  int64_t place = r.place, phase = r.phase, wait = r.wait;
  for (int64_t t = 0; t < count; t++) {
    VALUES y = OF(sample)(x + t, column);
#pragma clang loop unroll(full)
    for (int32_t i = 0; i < held; i++) y = OF(section)(coefficients + 5 * i, first + i, second + i, y);
    if (others)
      for (int32_t i = held; i < filter->sections; i++) {
        double *memory = memories + 2 * i * channels;
        VALUES m0 = OF(load)(memory), m1 = OF(load)(memory + channels);
        y = OF(section)(coefficients + 5 * i, &m0, &m1, y);
        OF(keep)(memory, m0);
        OF(keep)(memory + channels, m1);
      }
    if (!resampling) {
      OF(put)(frames + t * channels, y);
      continue;
    }
    OF(keep)(history + place * channels, y);
    for (; wait == 0; frames += channels) {
      OF(put)(frames, OF(frame)(history, channels, place, r.rows + phase * r.taps, r.taps));
      phase += r.q;
      wait = phase / r.p;
      phase %= r.p;
    }
    wait--;
    place = place + 1 == r.taps ? 0 : place + 1;
  }
  for (int32_t i = 0; i < held; i++) {
    OF(keep)(memories + 2 * i * channels, first[i]);
    OF(keep)(memories + (2 * i + 1) * channels, second[i]);
  }
}

#define CONDITION(held, others, resampling) \
  OF(condition)(filter, memories, held, others, resampling, history, channels, count, x, column, frames)
#define CONDITION_ANY(resampling)                   \
  switch (filter->sections) {                       \
    case 0: CONDITION(0, 0, resampling); break;     \
    case 1: CONDITION(1, 0, resampling); break;     \
    case 2: CONDITION(2, 0, resampling); break;     \
    case 3: CONDITION(3, 0, resampling); break;     \
    default: CONDITION(HELD, 1, resampling); break; \
  }

IN void OF(condition_any)(const runnel_filtering *filter, double *memories, const runnel_resampling *resampling,
                              double *history, int64_t channels, int64_t count, const float *x, int64_t column,
                              float *frames) {
  if (resampling) {
    CONDITION_ANY(resampling)
  } else {
    CONDITION_ANY(NULL)
  }
}

IN VALUES OF(frame_of)(const float *frame) {
#if WIDTH == 1
  return *frame;
#else
  OF(floats) all;
  __builtin_memcpy(&all, frame, sizeof all);
  return __builtin_convertvector(all, VALUES);
#endif
}

IN int OF(is_finite)(VALUES x) {
#if WIDTH == 1
  return x - x == 0.0;
#else
  int all = 1;
#pragma clang loop unroll(full)
  for (int32_t d = 0; d < WIDTH; d++) all &= x[d] - x[d] == 0.0;
  return all;
#endif
}

IN void OF(normalise)(double forgetting, double epsilon, double *moments, int64_t channels, int64_t count,
                      float *frames) {
  VALUES m, v;
#if WIDTH == 1
  m = moments[0];
  v = moments[1];
#else
#pragma clang loop unroll(full)
  for (int32_t d = 0; d < WIDTH; d++) {
    m[d] = moments[2 * d];
    v[d] = moments[2 * d + 1];
  }
#endif
  for (int64_t t = 0; t < count; t++) {
    const VALUES x = OF(frame_of)(frames + t * channels);
    const VALUES mean = m + forgetting * (x - m), variance = v + forgetting * ((x - m) * (x - mean) - v);
    const VALUES y = (x - mean) / __builtin_elementwise_sqrt(variance + epsilon);
    if (OF(is_finite)(x)) {
      m = mean;
      v = variance;
      OF(put)(frames + t * channels, y);
      continue;
    }
#if WIDTH > 1
    for (int32_t d = 0; d < WIDTH; d++)
      if (x[d] - x[d] == 0.0) {
        m[d] = mean[d];
        v[d] = variance[d];
        frames[t * channels + d] = (float)y[d];
      }
#endif
  }
#if WIDTH == 1
  moments[0] = m;
  moments[1] = v;
#else
#pragma clang loop unroll(full)
  for (int32_t d = 0; d < WIDTH; d++) {
    moments[2 * d] = m[d];
    moments[2 * d + 1] = v[d];
  }
#endif
}

#undef CONDITION
#undef CONDITION_ANY
#undef VALUES
#undef WIDTH
#undef OF
