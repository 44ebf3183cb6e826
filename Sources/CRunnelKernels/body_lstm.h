// Hochreiter and Schmidhuber 1997, with the forget gate of Gers, Schmidhuber and Cummins 2000, the peepholes of Gers,
// Schraudolph and Schmidhuber 2002, the coupled gates of Greff et al. 2017 (CIFG) and the projection of Sak, Senior and
// Beaufays 2014. docs/cells.md §2, §5, §9.
//
//   i  = gate(b_i + W_i x + R_i h + p_i * c)               (1) or 1 - f where coupled so
//   f  = gate(b_f + W_f x + R_f h + p_f * c)               (2) or 1 - i where coupled so
//   g  = cell(b_g + W_g x + R_g h)                         (3)
//   c' = fma(f, c, i * g), bounded by cell_clip            (4)
//   o  = gate(b_o + W_o x + R_o h + p_o * c')              (5) the peephole sees the new cell
//   m  = o * output(c')                                    (6)
//   h' = m, or W_hr m where projected                      (7)
//
// i * g and o * output(c') of a sigmoid and a tanh have one division (body_activations.h).
// p * c is one more fma at the end of the chain; gate_clip bounds what gate is taken of, candidate_clip what cell is. A
// unit has the sums i f g o, or three where a gate is coupled, which is then not computed: `gates` is 4 or 3 and a
// constant.

// What `gate` is taken of.
IN lanes RUNNEL_SET(before_gate)(const runnel_lstm_form form, lanes a, const float *peephole, lanes c) {
  if (form.peepholes) a = FMA(LOAD(peephole), c, a);
  return RUNNEL_SET(bounded)(a, form.gate_clip);
}

// (1) to (4), of one row and register, of its sums.
IN lanes RUNNEL_SET(lstm_cell)(const runnel_lstm *layer, const runnel_lstm_form form, const int32_t gates,
                               const RUNNEL_SET(batch) *b, int32_t row, int32_t first, const lanes *sum) {
  const int64_t stride = RUNNEL_SET(padded)(layer->hidden);
  const float *peephole = layer->peepholes + first * (gates - 1);
  const lanes old = LOAD(b->state->c + b->state->from[row] * stride + first);
  const lanes g = RUNNEL_SET(bounded)(sum[gates - 2], form.candidate_clip);   // what (3) is taken of
  const lanes one = RUNNEL_SET(before_gate)(form, sum[0], peephole, old);     // the first gate that is computed
  lanes f, new;                                                               // f, i * g
  if (gates == 4) {
    f = RUNNEL_SET(taken)(form.gate, RUNNEL_SET(before_gate)(form, sum[1], peephole + LANES, old));  // (2)
    new = RUNNEL_SET(gated)(form.gate, one, form.cell, g);                                           // (1), (3)
  } else {
    const int32_t given = form.coupling == RUNNEL_COUPLED_INPUT;
    const lanes gate = RUNNEL_SET(taken)(form.gate, one);
    f = given ? gate : 1.0f - gate;
    new = (given ? 1.0f - gate : gate) * RUNNEL_SET(taken)(form.cell, g);
  }
  const lanes c = RUNNEL_SET(bounded)(FMA(f, old, new), form.cell_clip);  // (4)
  STORE(RUNNEL_SET(new_row)(b->state->c, b, stride, row) + first, c);
  return c;
}

// (5) and (6), of one row and register; o is the sum of its gate.
IN void RUNNEL_SET(lstm_hidden)(const runnel_lstm *layer, const runnel_lstm_form form, const int32_t gates,
                                const RUNNEL_SET(batch) *b, int32_t row, int32_t first, lanes o, lanes c) {
  const int64_t stride = RUNNEL_SET(padded)(layer->hidden);
  const float *peephole = layer->peepholes + first * (gates - 1) + (gates - 2) * LANES;
  const lanes m = RUNNEL_SET(gated_state)(form.gate, RUNNEL_SET(before_gate)(form, o, peephole, c), form.output, c);
  if (form.projected) {
    STORE(b->scratch + row * stride + first, m);
  } else {
    STORE(RUNNEL_SET(new_row)(b->state->h, b, stride, row) + first, m);
    STORE(b->y + row * b->y_stride + first, m);
  }
}

IN void RUNNEL_SET(lstm_units)(const runnel_lstm *layer, const runnel_lstm_form form, const int32_t gates,
                               const RUNNEL_SET(batch) *b, int32_t row, int32_t first, const lanes *sum) {
  const lanes c = RUNNEL_SET(lstm_cell)(layer, form, gates, b, row, first, sum);
  RUNNEL_SET(lstm_hidden)(layer, form, gates, b, row, first, sum[gates - 1], c);
}

static __attribute__((noinline)) void RUNNEL_SET(lstm_any_units)(const runnel_lstm *layer, const int32_t gates,
                                                                 const RUNNEL_SET(batch) *b, int32_t row,
                                                                 int32_t first, const lanes *sum) {
  if (gates == 4)
    RUNNEL_SET(lstm_units)(layer, layer->form, 4, b, row, first, sum);
  else
    RUNNEL_SET(lstm_units)(layer, layer->form, 3, b, row, first, sum);
}

IN void RUNNEL_SET(lstm_rows)(const runnel_lstm *layer, const int32_t gates, const RUNNEL_SET(batch) *b, int32_t row,
                              const int32_t rows, int32_t first, const int32_t registers, const int32_t precision,
                              const int begun) {
  const int32_t carried = layer->form.projected ? layer->projection.outputs : layer->hidden;
  const int64_t inputs = gates * RUNNEL_SET(words)(precision, layer->inputs) * LANES;
  const int64_t block_size = inputs + gates * RUNNEL_SET(words)(precision, carried) * LANES;
  const float *weights = layer->weights + (int64_t)first * (block_size / LANES);
  const RUNNEL_SET(past_rows) past =
      RUNNEL_SET(read_rows)(b, layer->bias, layer->inputs, RUNNEL_SET(padded)(carried), row, rows, begun);
  const int32_t together = RUNNEL_SET(together)(precision, rows, registers, gates);
  lanes sum[RUNNEL_TILE], down[RUNNEL_TILE];
  UNROLLED for (int32_t from = 0; from < gates; from += together) {
    const int32_t to = from + together < gates ? from + together : gates;
    UNROLLED for (int32_t p = 0; p < rows * registers; p++)
      UNROLLED for (int32_t g = from; g < to; g++)
        sum[p * gates + g] = LOAD(past.begin[p / registers] + (first + p % registers * LANES) * gates + g * LANES);
    RUNNEL_SET(accumulate)(precision, sum, rows, registers, gates, from, to, 1, weights, block_size,
                           gates * LANES, past.x, past.features);
    RUNNEL_SET(accumulate)(precision, sum, rows, registers, gates, from, to, 1, weights + inputs,
                           block_size, gates * LANES, past.h, carried);
    UNROLLED for (int32_t p = 0; p < rows * registers; p++)
      UNROLLED for (int32_t g = from; g < to; g++) {
        lanes *s = sum + p * gates + g;
        *s = RUNNEL_SET(in_units)(precision, g == gates - 2 ? layer->form.cell : layer->form.gate, *s);
        if (together < gates) down[p * gates + g] = *s;
      }
  }
  if (gates == 4 && b->plain && rows * registers == 1) {
    RUNNEL_SET(lstm_units)(layer, plain_lstm, 4, b, row, first, sum);
    return;
  }
  if (together == gates) RUNNEL_SET(lay_down)(down, sum, rows * registers * gates);
  if (gates == 4 && b->plain) {
    // All cells first: so h of one does not stand in the way of the next, waiting for its c.
    for (int32_t p = 0; p < rows * registers; p++)
      down[p * 4] = RUNNEL_SET(lstm_cell)(layer, plain_lstm, 4, b, row + p / registers, first + p % registers * LANES,
                                          down + p * 4);
    for (int32_t p = 0; p < rows * registers; p++)
      RUNNEL_SET(lstm_hidden)(layer, plain_lstm, 4, b, row + p / registers, first + p % registers * LANES,
                              down[p * 4 + 3], down[p * 4]);
  } else {
    for (int32_t p = 0; p < rows * registers; p++)
      RUNNEL_SET(lstm_any_units)(layer, gates, b, row + p / registers, first + p % registers * LANES,
                                 down + p * gates);
  }
}

#define LSTM(gates, name, precision)                                                                            \
  IN void RUNNEL_SET(lstm##gates##_##name)(const void *layer, const RUNNEL_SET(batch) * b, int32_t row,         \
                                           const int32_t rows, int32_t first, const int32_t registers) {        \
    RUNNEL_SET(lstm_rows)(layer, gates, b, row, rows, first, registers, precision, 0);                          \
  }                                                                                                             \
  TILES(lstm##gates##_##name, 4, gates == 4 ? WIDEST : 1)                                                       \
  IN void RUNNEL_SET(lstm_finish##gates##_##name)(const void *layer, const RUNNEL_SET(batch) * b, int32_t row,  \
                                                  const int32_t rows, int32_t first, const int32_t registers) { \
    RUNNEL_SET(lstm_rows)(layer, gates, b, row, rows, first, registers, precision, 1);                          \
  }                                                                                                             \
  TILES_ALONE(lstm_finish##gates##_##name, 4, gates == 4 ? WIDEST : 1)
LSTM(3, f32, RUNNEL_FLOAT32) LSTM(4, f32, RUNNEL_FLOAT32) LSTM(3, bf16, RUNNEL_BF16) LSTM(4, bf16, RUNNEL_BF16)
#undef LSTM

// Projected units go from y to their states.
static void RUNNEL_SET(put_projected)(const runnel_lstm *layer, const RUNNEL_SET(batch) *b) {
  const int64_t stride = RUNNEL_SET(padded)(layer->projection.outputs);
  for (int32_t row = 0; row < b->rows; row++)
    __builtin_memcpy(RUNNEL_SET(new_row)(b->state->h, b, stride, row), b->y + row * b->y_stride,
                     (size_t)stride * sizeof(float));
}

// Of a step that has `inputs` features to add yet.
IN int32_t RUNNEL_SET(lstm_alone)(const runnel_lstm *layer, int32_t inputs) {
  const int32_t carried = layer->form.projected ? layer->projection.outputs : layer->hidden;
  return RUNNEL_SET(alone)(layer->hidden, 4 * RUNNEL_SET(words)(layer->precision, inputs + carried), layer->precision);
}

IN const RUNNEL_SET(tiles) *RUNNEL_SET(tiles_of_lstm)(const runnel_lstm *layer) {
  return layer->form.coupling == RUNNEL_UNCOUPLED ? HALF(lstm4, layer->precision) : HALF(lstm3, layer->precision);
}

IN const RUNNEL_SET(tiles) *RUNNEL_SET(finish_tiles_of_lstm)(const runnel_lstm *layer) {
  return layer->form.coupling == RUNNEL_UNCOUPLED ? HALF(lstm_finish4, layer->precision)
                                                  : HALF(lstm_finish3, layer->precision);
}

// A projection follows the units.
static void RUNNEL_SET(prepare_lstm)(runnel_lstm *layer) {
  const int32_t step = RUNNEL_SET(lstm_alone)(layer, layer->inputs), finish = RUNNEL_SET(lstm_alone)(layer, 0);
  layer->plain = lstm_is_plain(&layer->form);
  if (layer->form.projected) return;
  layer->lone_step = RUNNEL_SET(lone)(RUNNEL_SET(tiles_of_lstm)(layer), layer->hidden, step);
  layer->lone_finish = RUNNEL_SET(lone)(RUNNEL_SET(finish_tiles_of_lstm)(layer), layer->hidden, finish);
}

// The walk of a batch over the tiles of lstm or of lstm_finish.
IN void RUNNEL_SET(walk_lstm)(const RUNNEL_SET(tiles) *tiles, const runnel_lstm *layer, const RUNNEL_SET(batch) *b,
                              int32_t inputs) {
  RUNNEL_SET(walk)(tiles, layer, b, layer->hidden, RUNNEL_SET(descending)(b), RUNNEL_SET(lstm_alone)(layer, inputs));
  if (!layer->form.projected) return;
  const int64_t m_stride = RUNNEL_SET(padded)(layer->hidden);
  RUNNEL_SET(linear)(&layer->projection, b->rows, b->scratch, m_stride, no_activation, b->y, b->y_stride);  // (7)
  RUNNEL_SET(put_projected)(layer, b);
}

static void RUNNEL_SET(lstm)(const runnel_lstm *layer, int32_t rows, const float *x, int64_t x_stride,
                             const runnel_state *state, float *scratch, float *y, int64_t y_stride) {
  const RUNNEL_SET(batch) batch = {rows, x, y, x_stride, y_stride, state, scratch, layer->plain};
  if (RUNNEL_SET(took_lone)(layer->lone_step, layer, &batch)) return;
  RUNNEL_SET(walk_lstm)(RUNNEL_SET(tiles_of_lstm)(layer), layer, &batch, layer->inputs);
}

static void RUNNEL_SET(lstm_finish)(const runnel_lstm *layer, const float *sums, const runnel_state *state,
                                    float *scratch, float *y) {
  const RUNNEL_SET(batch) batch = {1, sums, y, 0, 0, state, scratch, layer->plain};
  if (RUNNEL_SET(took_lone)(layer->lone_finish, layer, &batch)) return;
  RUNNEL_SET(walk_lstm)(RUNNEL_SET(finish_tiles_of_lstm)(layer), layer, &batch, 0);
}
