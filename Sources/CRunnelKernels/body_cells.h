// The recurrent cells; the LSTM has a file of its own. Variants are flags; where the flags are constants (the plain
// cell) the compiler leaves nothing of them, where they come from the layer one instance serves all.
//
// Blocks go up at one step and down at the next, by where the new state lies: the weights that were read last are near,
// and at one row reading weights is all that takes time.
//
// W is weight_ih, R weight_hh, b the biases (docs/cells.md §2), * the product of elements.

// What a tile of a cell reads: where the sums of its rows begin, their features, of which none are left where the sums
// are begun already, and their old units.
typedef struct {
  const float *begin[RUNNEL_ROWS];
  const float *x[RUNNEL_ROWS];
  int32_t features;
  const float *h[RUNNEL_ROWS];
} RUNNEL_SET(past_rows);

// Units lie `stride` floats apart from row to row.
IN RUNNEL_SET(past_rows) RUNNEL_SET(read_rows)(const RUNNEL_SET(batch) *b, const float *bias, int32_t inputs,
                                               int64_t stride, int32_t row, const int32_t rows, const int begun) {
  RUNNEL_SET(past_rows) past;
  past.features = begun ? 0 : inputs;
  UNROLLED for (int32_t r = 0; r < rows; r++) {
    past.x[r] = b->x + (row + r) * b->x_stride;
    past.begin[r] = begun ? past.x[r] : bias;
    past.h[r] = b->state->h + b->state->from[row + r] * stride;
  }
  return past;
}

// A sum of bf16 weights, which stay as they are, in the unit of f; others are.
IN lanes RUNNEL_SET(in_units)(const int32_t precision, runnel_activation f, lanes sum) {
  return precision == RUNNEL_BF16 ? sum * RUNNEL_SET(factor)(f) : sum;
}

IN float *RUNNEL_SET(new_row)(float *states, const RUNNEL_SET(batch) *b, int64_t stride, int32_t row) {
  return states + b->state->to[row] * stride;
}

IN int32_t RUNNEL_SET(descending)(const RUNNEL_SET(batch) *b) { return b->rows > 0 && b->state->to[0] & 1; }

// How many registers of a row stand side by side, as a power of two: two where the weights of all do not flow in from the
// second cache anyway; with bf16 weights, which flow in faster than one register can be added to, two, or four where they
// stay in the first cache. With few registers only a GRU's float32 weights have tiles for it, and only out of the first
// cache two are faster.
IN int32_t RUNNEL_SET(alone)(int32_t units, int64_t words, int32_t precision) {
  const int64_t bytes = units * words * (int64_t)sizeof(float);
  if (WIDEST == 1) return precision == RUNNEL_FLOAT32 && bytes <= 28 << 10;
  return precision == RUNNEL_BF16 ? (bytes <= 30 << 10 ? 2 : 1) : bytes <= 56 << 10;
}

// MARK: RNN

// Elman 1990; with leak < 1 the leaky unit of Jaeger, Lukoševičius, Popovici and Siewert 2007 (docs/cells.md §9).
//
//   a  = b + W x + R h                                     (1)
//   h' = act(a)                                            (2)
//   h' = fma(leak, act(a), (1 - leak) * h)                 (3) in place of (2) where leaky
IN void RUNNEL_SET(rnn_unit)(const runnel_rnn *layer, runnel_activation activation, const int leaky,
                             const RUNNEL_SET(batch) *b, int32_t row, int32_t first, lanes a) {
  const int64_t stride = RUNNEL_SET(padded)(layer->hidden);
  lanes unit = RUNNEL_SET(taken)(activation, a);  // (2)
  if (leaky) {
    const lanes kept = SPLAT(1.0f - layer->leak) * LOAD(b->state->h + b->state->from[row] * stride + first);
    unit = FMA(SPLAT(layer->leak), unit, kept);  // (3)
  }
  STORE(RUNNEL_SET(new_row)(b->state->h, b, stride, row) + first, unit);
  STORE(b->y + row * b->y_stride + first, unit);
}

static __attribute__((noinline)) void RUNNEL_SET(rnn_any_unit)(const runnel_rnn *layer, const RUNNEL_SET(batch) *b,
                                                               int32_t row, int32_t first, lanes a) {
  RUNNEL_SET(rnn_unit)(layer, layer->activation, layer->leak != 1.0f, b, row, first, a);
}

// (2) of the plain cell, where h' and y are.
IN void RUNNEL_SET(rnn_plain_unit)(lanes a, float *to, float *y) {
  const lanes unit = RUNNEL_SET(taken)(plain_tanh, a);
  STORE(to, unit);
  STORE(y, unit);
}

// All units of a tile of the plain cell, of their sums. What is read to find a place is read before anything is written.
// Twelve sums stay in registers beside the constants of tanh; of more, all would be moved about between any two.
IN void RUNNEL_SET(rnn_plain_units)(const runnel_rnn *layer, const RUNNEL_SET(batch) *b, int32_t row, const int32_t rows,
                                    int32_t first, const int32_t registers, const lanes *sum) {
  const int64_t stride = RUNNEL_SET(padded)(layer->hidden);
  float *to[RUNNEL_ROWS], *y[RUNNEL_ROWS];
  UNROLLED for (int32_t r = 0; r < rows; r++) {
    to[r] = RUNNEL_SET(new_row)(b->state->h, b, stride, row + r) + first;
    y[r] = b->y + (row + r) * b->y_stride + first;
  }
  if (rows * registers <= 12) {
    UNROLLED for (int32_t r = 0; r < rows; r++)
      UNROLLED for (int32_t v = 0; v < registers; v++)
        RUNNEL_SET(rnn_plain_unit)(sum[r * registers + v], to[r] + v * LANES, y[r] + v * LANES);
    return;
  }
  lanes down[RUNNEL_TILE];
  RUNNEL_SET(lay_down)(down, sum, rows * registers);
  for (int32_t r = 0; r < rows; r++)
    UNROLLED for (int32_t v = 0; v < registers; v++)
      RUNNEL_SET(rnn_plain_unit)(down[r * registers + v], to[r] + v * LANES, y[r] + v * LANES);
}

IN void RUNNEL_SET(rnn_rows)(const runnel_rnn *layer, const RUNNEL_SET(batch) *b, int32_t row, const int32_t rows,
                             int32_t first, const int32_t registers, const int32_t chains, const int32_t precision,
                             const int begun) {
  const int64_t inputs = RUNNEL_SET(words)(precision, layer->inputs) * LANES;
  const int64_t block_size = inputs + RUNNEL_SET(words)(precision, layer->hidden) * LANES;
  const float *weights = layer->weights + (int64_t)first * (block_size / LANES);
  const RUNNEL_SET(past_rows) past =
      RUNNEL_SET(read_rows)(b, layer->bias, layer->inputs, RUNNEL_SET(padded)(layer->hidden), row, rows, begun);
  lanes sum[RUNNEL_TILE];  // (1)
  UNROLLED for (int32_t p = 0; p < rows * registers; p++)
    sum[p] = LOAD(past.begin[p / registers] + first + p % registers * LANES);
  RUNNEL_SET(accumulate)(precision, sum, rows, registers, 1, 0, 1, 1, weights, block_size, LANES, past.x,
                         past.features);
  RUNNEL_SET(accumulate_chained)(precision, sum, rows, registers, chains, weights + inputs, block_size, past.h,
                                 layer->hidden);
  UNROLLED for (int32_t p = 0; p < rows * registers; p++)
    sum[p] = RUNNEL_SET(in_units)(precision, layer->activation, sum[p]);
  if (b->plain) {
    RUNNEL_SET(rnn_plain_units)(layer, b, row, rows, first, registers, sum);
    return;
  }
  lanes down[RUNNEL_TILE];
  RUNNEL_SET(lay_down)(down, sum, rows * registers);
  for (int32_t p = 0; p < rows * registers; p++)
    RUNNEL_SET(rnn_any_unit)(layer, b, row + p / registers, first + p % registers * LANES, down[p]);
}

#define RNN(chains, name, precision)                                                                       \
  IN void RUNNEL_SET(rnn##chains##_##name)(const void *layer, const RUNNEL_SET(batch) * b, int32_t row,    \
                                           const int32_t rows, int32_t first, const int32_t registers) {   \
    RUNNEL_SET(rnn_rows)(layer, b, row, rows, first, registers, chains, precision, 0);                       \
  }                                                                                                        \
  TILES(rnn##chains##_##name, chains, 4 / chains)                                                          \
  IN void RUNNEL_SET(rnn_finish##chains##_##name)(const void *layer, const RUNNEL_SET(batch) * b,          \
                                                  int32_t row, const int32_t rows, int32_t first,          \
                                                  const int32_t registers) {                               \
    RUNNEL_SET(rnn_rows)(layer, b, row, rows, first, registers, chains, precision, 1);                     \
  }                                                                                                        \
  TILES_ALONE(rnn_finish##chains##_##name, chains, 4 / chains)
RNN(1, f32, RUNNEL_FLOAT32) RNN(2, f32, RUNNEL_FLOAT32) RNN(4, f32, RUNNEL_FLOAT32)
RNN(1, bf16, RUNNEL_BF16) RNN(2, bf16, RUNNEL_BF16) RNN(4, bf16, RUNNEL_BF16)
#undef RNN

IN const RUNNEL_SET(tiles) *RUNNEL_SET(tiles_of_rnn)(const runnel_rnn *layer) {
  return CHAINED(rnn, layer->precision, layer->hidden);
}

IN const RUNNEL_SET(tiles) *RUNNEL_SET(finish_tiles_of_rnn)(const runnel_rnn *layer) {
  return CHAINED(rnn_finish, layer->precision, layer->hidden);
}

IN int32_t RUNNEL_SET(rnn_alone)(const runnel_rnn *layer) { return 2 / RUNNEL_SET(chains)(layer->hidden); }

static void RUNNEL_SET(prepare_rnn)(runnel_rnn *layer) {
  const int32_t alone = RUNNEL_SET(rnn_alone)(layer);
  layer->plain = rnn_is_plain(layer);
  layer->lone_step = RUNNEL_SET(lone)(RUNNEL_SET(tiles_of_rnn)(layer), layer->hidden, alone);
  layer->lone_finish = RUNNEL_SET(lone)(RUNNEL_SET(finish_tiles_of_rnn)(layer), layer->hidden, alone);
}

static void RUNNEL_SET(rnn)(const runnel_rnn *layer, int32_t rows, const float *x, int64_t x_stride,
                            const runnel_state *state, float *y, int64_t y_stride) {
  const RUNNEL_SET(batch) batch = {rows, x, y, x_stride, y_stride, state, NULL, layer->plain};
  if (RUNNEL_SET(took_lone)(layer->lone_step, layer, &batch)) return;
  RUNNEL_SET(walk)(RUNNEL_SET(tiles_of_rnn)(layer), layer, &batch, layer->hidden, RUNNEL_SET(descending)(&batch),
                   RUNNEL_SET(rnn_alone)(layer));
}

static void RUNNEL_SET(rnn_finish)(const runnel_rnn *layer, const float *sums, const runnel_state *state, float *y) {
  const RUNNEL_SET(batch) batch = {1, sums, y, 0, 0, state, NULL, layer->plain};
  if (RUNNEL_SET(took_lone)(layer->lone_finish, layer, &batch)) return;
  RUNNEL_SET(walk)(RUNNEL_SET(finish_tiles_of_rnn)(layer), layer, &batch, layer->hidden,
                   RUNNEL_SET(descending)(&batch), RUNNEL_SET(rnn_alone)(layer));
}

// MARK: GRU

// Cho et al. 2014, equations 5 to 8 (reset before the hidden product), and the form of cuDNN, PyTorch and Keras (after
// it); z keeps the old state. docs/cells.md §2, §5.
//
//   r  = gate(b_ir + b_hr + W_r x + R_r h)                 (1)
//   z  = gate(b_iz + b_hz + W_z x + R_z h)                 (2)
//   n  = act(b_in + W_n x + r * (b_hn + R_n h))            (3) reset after
//   n  = act(b_in + b_hn + W_n x + R_n (r * h))            (4) reset before
//   h' = fma(z, h, (1 - z) * n)                            (5)
//
// gate_clip bounds what gate is taken of, candidate_clip what act is. The sums of a unit are r, z, n of the hidden units
// and n of the inputs. With the reset before, the third is not looked at: n waits until r * h of every unit is known, and
// goes on where n of the inputs ended.

// (5), and what of (2) to (4) is done to the sums; z is what gate is taken of, n what act is.
IN void RUNNEL_SET(gru_unit)(const runnel_gru_form form, const RUNNEL_SET(batch) *b, int64_t stride, int32_t row,
                             int32_t first, lanes z, lanes n) {
  const lanes old = LOAD(b->state->h + b->state->from[row] * stride + first);
  z = RUNNEL_SET(taken)(form.gate, RUNNEL_SET(bounded)(z, form.gate_clip));
  n = RUNNEL_SET(taken)(form.candidate, RUNNEL_SET(bounded)(n, form.candidate_clip));
  const lanes unit = FMA(z, old, (1.0f - z) * n);
  STORE(RUNNEL_SET(new_row)(b->state->h, b, stride, row) + first, unit);
  STORE(b->y + row * b->y_stride + first, unit);
}

// What act is taken of, with the reset after. sum: r z n of the hidden units; n: of the inputs.
IN lanes RUNNEL_SET(gru_candidate)(const runnel_gru_form form, const lanes *sum, lanes n) {
  return FMA(RUNNEL_SET(taken)(form.gate, RUNNEL_SET(bounded)(sum[0], form.gate_clip)), sum[2], n);  // (1), (3)
}

// The sums of one row and register: sum r z n of the hidden units, and n of the inputs.
IN void RUNNEL_SET(gru_units)(const runnel_gru *layer, const runnel_gru_form form, const RUNNEL_SET(batch) *b,
                              int32_t row, int32_t first, const lanes *sum, lanes n) {
  const int64_t stride = RUNNEL_SET(padded)(layer->hidden);
  if (!form.reset_before) {
    RUNNEL_SET(gru_unit)(form, b, stride, row, first, sum[1], RUNNEL_SET(gru_candidate)(form, sum, n));
    return;
  }
  const lanes r = RUNNEL_SET(taken)(form.gate, RUNNEL_SET(bounded)(sum[0], form.gate_clip));  // (1)
  float *later = b->scratch + row * 3 * stride + first;
  STORE(later, n);
  STORE(later + stride, sum[1]);
  STORE(later + 2 * stride, r * LOAD(b->state->h + b->state->from[row] * stride + first));
}

static __attribute__((noinline)) void RUNNEL_SET(gru_any_units)(const runnel_gru *layer, const RUNNEL_SET(batch) *b,
                                                                int32_t row, int32_t first, const lanes *sum,
                                                                lanes n) {
  RUNNEL_SET(gru_units)(layer, layer->form, b, row, first, sum, n);
}

IN void RUNNEL_SET(gru_rows)(const runnel_gru *layer, const RUNNEL_SET(batch) *b, int32_t row, const int32_t rows,
                             int32_t first, const int32_t registers, const int32_t precision, const int begun) {
  const int64_t inputs = 3 * RUNNEL_SET(words)(precision, layer->inputs) * LANES;
  const int64_t block_size = inputs + 3 * RUNNEL_SET(words)(precision, layer->hidden) * LANES;
  const float *weights = layer->weights + (int64_t)first * (block_size / LANES);
  const float *bias = layer->bias + first * 4;
  const int32_t lying = begun ? 3 : 4;
  const RUNNEL_SET(past_rows) past =
      RUNNEL_SET(read_rows)(b, layer->bias, layer->inputs, RUNNEL_SET(padded)(layer->hidden), row, rows, begun);
  const int32_t together = RUNNEL_SET(together)(precision, rows, registers, 3);
  lanes sum[RUNNEL_TILE], n[RUNNEL_TILE];
  UNROLLED for (int32_t from = 0; from < 3; from += together) {
    const int32_t to = from + together < 3 ? from + together : 3;
    UNROLLED for (int32_t p = 0; p < rows * registers; p++)
      UNROLLED for (int32_t g = from; g < to; g++)
        sum[p * 3 + g] = LOAD(past.begin[p / registers] + (first + p % registers * LANES) * lying + g * LANES);
    RUNNEL_SET(accumulate)(precision, sum, rows, registers, 3, from, to, 1, weights, block_size, 3 * LANES,
                           past.x, past.features);
    UNROLLED for (int32_t p = 0; to == 3 && p < rows * registers; p++) {
      n[p] = sum[p * 3 + 2];
      sum[p * 3 + 2] = LOAD(bias + p % registers * 4 * LANES + 3 * LANES);
    }
    RUNNEL_SET(accumulate)(precision, sum, rows, registers, 3, from, to, 1, weights + inputs, block_size,
                           3 * LANES, past.h, layer->hidden);
  }
  UNROLLED for (int32_t p = 0; p < rows * registers; p++) {
    UNROLLED for (int32_t g = 0; g < 2; g++)
      sum[p * 3 + g] = RUNNEL_SET(in_units)(precision, layer->form.gate, sum[p * 3 + g]);
    if (layer->form.reset_before) continue;  // n is not at its end yet
    sum[p * 3 + 2] = RUNNEL_SET(in_units)(precision, layer->form.candidate, sum[p * 3 + 2]);
    n[p] = RUNNEL_SET(in_units)(precision, layer->form.candidate, n[p]);
  }
  // All candidates first: so a unit does not stand in the way of the next, waiting for its own.
  if (b->plain && rows == 1) {
    UNROLLED for (int32_t v = 0; v < registers; v++) n[v] = RUNNEL_SET(gru_candidate)(plain_gru, sum + v * 3, n[v]);
    UNROLLED for (int32_t v = 0; v < registers; v++)
      RUNNEL_SET(gru_unit)(plain_gru, b, RUNNEL_SET(padded)(layer->hidden), row, first + v * LANES, sum[v * 3 + 1], n[v]);
    return;
  }
  lanes down[RUNNEL_TILE], down_inputs[RUNNEL_TILE];
  RUNNEL_SET(lay_down)(down, sum, rows * registers * 3);
  RUNNEL_SET(lay_down)(down_inputs, n, rows * registers);
  if (b->plain) {
    for (int32_t p = 0; p < rows * registers; p++)
      down_inputs[p] = RUNNEL_SET(gru_candidate)(plain_gru, down + p * 3, down_inputs[p]);
    for (int32_t p = 0; p < rows * registers; p++)
      RUNNEL_SET(gru_unit)(plain_gru, b, RUNNEL_SET(padded)(layer->hidden), row + p / registers,
                           first + p % registers * LANES, down[p * 3 + 1], down_inputs[p]);
  } else {
    for (int32_t p = 0; p < rows * registers; p++)
      RUNNEL_SET(gru_any_units)(layer, b, row + p / registers, first + p % registers * LANES, down + p * 3,
                                down_inputs[p]);
  }
}

// With the reset before, the units once all of r * h is known. scratch: of each row n of the inputs, z, r * h.
IN void RUNNEL_SET(gru_end)(const runnel_gru *layer, const RUNNEL_SET(batch) *b, int32_t row, const int32_t rows,
                            int32_t first, const int32_t registers, const int32_t precision) {
  const int64_t stride = RUNNEL_SET(padded)(layer->hidden);
  const int64_t inputs = 3 * RUNNEL_SET(words)(precision, layer->inputs) * LANES;
  const int64_t block_size = inputs + 3 * RUNNEL_SET(words)(precision, layer->hidden) * LANES;
  const float *weights = layer->weights + (int64_t)first * (block_size / LANES);
  const float *earlier[RUNNEL_ROWS], *reset[RUNNEL_ROWS];
  lanes n[RUNNEL_TILE];
  UNROLLED for (int32_t r = 0; r < rows; r++) {
    earlier[r] = b->scratch + (row + r) * 3 * stride;
    reset[r] = earlier[r] + 2 * stride;
    UNROLLED for (int32_t v = 0; v < registers; v++) n[r * registers + v] = LOAD(earlier[r] + first + v * LANES);
  }
  RUNNEL_SET(accumulate)(precision, n, rows, registers, 1, 0, 1, 1, weights + inputs + 2 * LANES, block_size, 3 * LANES,
                         reset, layer->hidden);
  UNROLLED for (int32_t p = 0; p < rows * registers; p++)
    n[p] = RUNNEL_SET(in_units)(precision, layer->form.candidate, n[p]);
  lanes all[RUNNEL_TILE];
  RUNNEL_SET(lay_down)(all, n, rows * registers);
  for (int32_t p = 0; p < rows * registers; p++) {
    const int32_t r = p / registers, place = first + p % registers * LANES;
    const lanes z = LOAD(b->scratch + ((row + r) * 3 + 1) * stride + place);
    RUNNEL_SET(gru_unit)(layer->form, b, stride, row + r, place, z, all[p]);
  }
}

#define GRU(name, precision)                                                                                         \
  IN void RUNNEL_SET(gru_##name)(const void *layer, const RUNNEL_SET(batch) * b, int32_t row, const int32_t rows,    \
                                 int32_t first, const int32_t registers) {                                           \
    RUNNEL_SET(gru_rows)(layer, b, row, rows, first, registers, precision, 0);                                       \
  }                                                                                                                  \
  TILES(gru_##name, 4, 2 * WIDEST)                                                                                   \
  IN void RUNNEL_SET(gru_finish_##name)(const void *layer, const RUNNEL_SET(batch) * b, int32_t row,                 \
                                        const int32_t rows, int32_t first, const int32_t registers) {                \
    RUNNEL_SET(gru_rows)(layer, b, row, rows, first, registers, precision, 1);                                       \
  }                                                                                                                  \
  TILES_ALONE(gru_finish_##name, 4, 2 * WIDEST)                                                                      \
  IN void RUNNEL_SET(gru_end_##name)(const void *layer, const RUNNEL_SET(batch) * b, int32_t row,                    \
                                     const int32_t rows, int32_t first, const int32_t registers) {                   \
    RUNNEL_SET(gru_end)(layer, b, row, rows, first, registers, precision);                                           \
  }                                                                                                                  \
  TILES(gru_end_##name, 1, 1)
GRU(f32, RUNNEL_FLOAT32) GRU(bf16, RUNNEL_BF16)
#undef GRU

// Of a step that has `inputs` features to add yet.
IN int32_t RUNNEL_SET(gru_alone)(const runnel_gru *layer, int32_t inputs) {
  return RUNNEL_SET(alone)(layer->hidden, 3 * RUNNEL_SET(words)(layer->precision, inputs + layer->hidden),
                           layer->precision);
}

// With the reset before, a step has two walks.
static void RUNNEL_SET(prepare_gru)(runnel_gru *layer) {
  const int32_t step = RUNNEL_SET(gru_alone)(layer, layer->inputs), finish = RUNNEL_SET(gru_alone)(layer, 0);
  layer->plain = gru_is_plain(&layer->form);
  if (layer->form.reset_before) return;
  layer->lone_step = RUNNEL_SET(lone)(HALF(gru, layer->precision), layer->hidden, step);
  layer->lone_finish = RUNNEL_SET(lone)(HALF(gru_finish, layer->precision), layer->hidden, finish);
}

// The walk of a batch over the tiles of gru or of gru_finish.
IN void RUNNEL_SET(walk_gru)(const RUNNEL_SET(tiles) *tiles, const runnel_gru *layer, const RUNNEL_SET(batch) *b,
                             int32_t inputs) {
  RUNNEL_SET(walk)(tiles, layer, b, layer->hidden, RUNNEL_SET(descending)(b), RUNNEL_SET(gru_alone)(layer, inputs));
  if (layer->form.reset_before)
    RUNNEL_SET(walk)(HALF(gru_end, layer->precision), layer, b, layer->hidden, 0, 0);
}

static void RUNNEL_SET(gru)(const runnel_gru *layer, int32_t rows, const float *x, int64_t x_stride,
                            const runnel_state *state, float *scratch, float *y, int64_t y_stride) {
  const RUNNEL_SET(batch) batch = {rows, x, y, x_stride, y_stride, state, scratch, layer->plain};
  if (RUNNEL_SET(took_lone)(layer->lone_step, layer, &batch)) return;
  RUNNEL_SET(walk_gru)(HALF(gru, layer->precision), layer, &batch, layer->inputs);
}

static void RUNNEL_SET(gru_finish)(const runnel_gru *layer, const float *sums, const runnel_state *state,
                                   float *scratch, float *y) {
  const RUNNEL_SET(batch) batch = {1, sums, y, 0, 0, state, scratch, layer->plain};
  if (RUNNEL_SET(took_lone)(layer->lone_finish, layer, &batch)) return;
  RUNNEL_SET(walk_gru)(HALF(gru_finish, layer->precision), layer, &batch, 0);
}
