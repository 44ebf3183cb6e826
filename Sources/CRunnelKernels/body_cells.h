// The recurrent cells. Variants are flags; where the flags are constants (the plain cell) the compiler leaves nothing
// of them, where they come from the layer one instance serves all.
//
// A cell is stepped in one of two ways, with the same bits. One row alone goes block by block: the sums of a block's
// gates are made in registers and its units follow at once. Several rows go in chunks: their features and old units are
// laid side by side, and block by block a product makes the sums of all gates, from which the units follow row by row.
//
// Blocks go up at one step and down at the next, by where the new state lies: the weights that were read last are near,
// and at one row reading weights is all that takes time.
//
// W is weight_ih, R weight_hh, b the biases (FORMATS.md C.2), * the product of elements.

IN int64_t RUNNEL_SET(padded)(int32_t count) {
  return ((int64_t)count + LANES - 1) / LANES * LANES;
}

// Rows of a batch, and what they read and write.
typedef struct {
  int32_t rows;
  const float *x;
  int64_t x_stride;
  const runnel_state *state;
  float *y;
  int64_t y_stride;
} RUNNEL_SET(batch);

// The block that comes at `place` of `blocks`.
IN int32_t RUNNEL_SET(turn)(const RUNNEL_SET(batch) *b, int32_t blocks, int32_t place) {
  return b->state->to[0] & 1 ? blocks - 1 - place : place;
}

// [x, h] of `count` rows from `row` on, each inputs + carried floats.
IN void RUNNEL_SET(gather)(const RUNNEL_SET(batch) *b, int32_t row, int32_t count, int32_t inputs, int32_t carried,
                           float *features) {
  const int64_t stride = RUNNEL_SET(padded)(carried);
  for (int32_t r = row; r < row + count; r++, features += inputs + carried) {
    RUNNEL_SET(copy)(features, b->x + r * b->x_stride, inputs);
    RUNNEL_SET(copy)(features + inputs, b->state->h + b->state->from[r] * stride, carried);
  }
}

// MARK: RNN

// Elman 1990; with leak < 1 the leaky unit of Jaeger, Lukoševičius, Popovici and Siewert 2007 (FORMATS.md C.9).
//
//   a  = b + W x + R h                                     (1)
//   h' = act(a)                                            (2)
//   h' = fma(leak, act(a), (1 - leak) * h)                 (3) in place of (2) where leaky
IN void RUNNEL_SET(rnn_units)(const runnel_rnn *layer, runnel_activation activation, const int leaky,
                              const RUNNEL_SET(batch) *b, int32_t row, int32_t first, lanes a) {
  const int64_t stride = RUNNEL_SET(padded)(layer->hidden);
  lanes unit = RUNNEL_SET(apply)(activation, a);  // (2)
  if (leaky) {
    const lanes kept = SPLAT(1.0f - layer->leak) * LOAD(b->state->h + b->state->from[row] * stride + first);
    unit = FMA(SPLAT(layer->leak), unit, kept);  // (3)
  }
  STORE(b->state->h + b->state->to[row] * stride + first, unit);
  STORE(b->y + row * b->y_stride + first, unit);
}

// One row and up to four blocks at once, so that no sum waits for itself.
IN void RUNNEL_SET(rnn_row)(const runnel_rnn *layer, runnel_activation activation, const int leaky,
                            const RUNNEL_SET(batch) *b, int32_t row, const int32_t panels, int32_t first) {
  const int64_t stride = RUNNEL_SET(padded)(layer->hidden);
  const int64_t panel_size = (int64_t)(layer->inputs + layer->hidden) * LANES;
  const float *weights = layer->weights + first / LANES * panel_size;
  lanes a[4];  // (1)
  UNROLLED for (int32_t p = 0; p < panels; p++) a[p] = LOAD(layer->bias + first + p * LANES);
  RUNNEL_SET(accumulate)(a, 1, panels, weights, panel_size, b->x + row * b->x_stride, 0, layer->inputs);
  RUNNEL_SET(accumulate)(a, 1, panels, weights + (int64_t)layer->inputs * LANES, panel_size,
                         b->state->h + b->state->from[row] * stride, 0, layer->hidden);
  UNROLLED for (int32_t p = 0; p < panels; p++)
    RUNNEL_SET(rnn_units)(layer, activation, leaky, b, row, first + p * LANES, a[p]);
}

IN void RUNNEL_SET(rnn_body)(const runnel_rnn *layer, runnel_activation activation, const int leaky,
                             const RUNNEL_SET(batch) *b) {
  const int32_t count = layer->inputs + layer->hidden;
  const int32_t fours = (layer->hidden + 4 * LANES - 1) / (4 * LANES);
  const int32_t chunk = b->rows == 1 ? 0 : RUNNEL_SET(chunk)(count);
  RUNNEL_SET(desk) desk;
  for (int32_t row = 0; row < b->rows;) {
    const int32_t here = chunk == 0 ? 1 : b->rows - row < chunk ? b->rows - row : chunk;
    if (chunk > 0) RUNNEL_SET(gather)(b, row, here, layer->inputs, layer->hidden, desk.features);
    for (int32_t place = 0; place < fours; place++) {
      const int32_t first = RUNNEL_SET(turn)(b, fours, place) * 4 * LANES;
      const int32_t left = (int32_t)((RUNNEL_SET(padded)(layer->hidden) - first) / LANES);
      const int32_t panels = left < 4 ? left : 4;
      if (chunk == 0) {
        switch (panels) {
          case 1: RUNNEL_SET(rnn_row)(layer, activation, leaky, b, row, 1, first); break;
          case 2: RUNNEL_SET(rnn_row)(layer, activation, leaky, b, row, 2, first); break;
          case 3: RUNNEL_SET(rnn_row)(layer, activation, leaky, b, row, 3, first); break;
          default: RUNNEL_SET(rnn_row)(layer, activation, leaky, b, row, 4, first); break;
        }
        continue;
      }
      const int64_t panel_size = (int64_t)count * LANES;
      const RUNNEL_SET(product) product = {
          layer->weights + first / LANES * panel_size, panel_size, desk.features, count, count,
          layer->bias + first, 0, desk.sums,
      };
      RUNNEL_SET(multiply_rows)(&product, here, panels);  // (1)
      for (int32_t r = 0; r < here; r++)
        for (int32_t p = 0; p < panels; p++)
          RUNNEL_SET(rnn_units)(layer, activation, leaky, b, row + r, first + p * LANES,
                                LOAD(desk.sums + r * SUMS + p * LANES));
    }
    row += here;
  }
}

static void RUNNEL_SET(rnn)(const runnel_rnn *layer, int32_t rows, const float *x, int64_t x_stride,
                            const runnel_state *state, float *y, int64_t y_stride) {
  const RUNNEL_SET(batch) batch = {rows, x, x_stride, state, y, y_stride};
  if (layer->leak == 1.0f && layer->activation.kind == RUNNEL_TANH)
    RUNNEL_SET(rnn_body)(layer, plain_tanh, 0, &batch);
  else
    RUNNEL_SET(rnn_body)(layer, layer->activation, layer->leak != 1.0f, &batch);
}

// MARK: GRU

// Cho et al. 2014, equations 5 to 8 (reset before the hidden product), and the form of cuDNN, PyTorch and Keras (after
// it); z keeps the old state. FORMATS.md C.2, C.5.
//
//   r  = gate(b_ir + b_hr + W_r x + R_r h)                 (1)
//   z  = gate(b_iz + b_hz + W_z x + R_z h)                 (2)
//   n  = act(b_in + W_n x + r * (b_hn + R_n h))            (3) reset after
//   n  = act(b_in + b_hn + W_n x + R_n (r * h))            (4) reset before
//   h' = fma(z, h, (1 - z) * n)                            (5)
//
// gate_clip bounds what gate and act are taken of. A block has the panels r, z and n. Its sums are r, z, n of the
// inputs and n of the hidden units; with the reset before, the last waits until r * h of every unit is known, and goes
// on where n of the inputs ended.

// What n is taken of, where the reset is after.
IN lanes RUNNEL_SET(gru_candidate)(const runnel_gru_form form, lanes r, lanes n, lanes n_hidden) {
  r = RUNNEL_SET(apply)(form.gate, RUNNEL_SET(bounded)(r, form.gate_clip));  // (1)
  return FMA(r, n_hidden, n);
}

IN void RUNNEL_SET(gru_units)(const runnel_gru_form form, const RUNNEL_SET(batch) *b, int64_t stride, int32_t row,
                              int32_t first, lanes z, lanes n) {
  const lanes old = LOAD(b->state->h + b->state->from[row] * stride + first);
  z = RUNNEL_SET(apply)(form.gate, RUNNEL_SET(bounded)(z, form.gate_clip));       // (2)
  n = RUNNEL_SET(apply)(form.candidate, RUNNEL_SET(bounded)(n, form.gate_clip));  // (3), (4)
  const lanes unit = FMA(z, old, (1.0f - z) * n);                                 // (5)
  STORE(b->state->h + b->state->to[row] * stride + first, unit);
  STORE(b->y + row * b->y_stride + first, unit);
}

// Where the reset is before: what waits until r * h of every unit is known, (3, H) n of the inputs, z, r * h of each row.
IN void RUNNEL_SET(gru_wait)(const runnel_gru_form form, const RUNNEL_SET(batch) *b, int64_t stride, int32_t row,
                             int32_t first, lanes r, lanes z, lanes n, float *waiting) {
  float *later = waiting + row * 3 * stride + first;
  r = RUNNEL_SET(apply)(form.gate, RUNNEL_SET(bounded)(r, form.gate_clip));  // (1)
  STORE(later, n);
  STORE(later + stride, z);
  STORE(later + 2 * stride, r * LOAD(b->state->h + b->state->from[row] * stride + first));
}

IN void RUNNEL_SET(gru_row)(const runnel_gru *layer, const runnel_gru_form form, const RUNNEL_SET(batch) *b,
                            int32_t row, int32_t first, float *waiting) {
  const int64_t stride = RUNNEL_SET(padded)(layer->hidden);
  const int64_t panel_size = (int64_t)(layer->inputs + layer->hidden) * LANES;
  const float *input = layer->weights + first / LANES * 3 * panel_size, *bias = layer->bias + 4 * first;
  const float *hidden = input + (int64_t)layer->inputs * LANES;
  const float *h = b->state->h + b->state->from[row] * stride;
  lanes sum[3] = {LOAD(bias), LOAD(bias + LANES), LOAD(bias + 2 * LANES)};
  RUNNEL_SET(accumulate)(sum, 1, 3, input, panel_size, b->x + row * b->x_stride, 0, layer->inputs);
  const lanes n = sum[2];
  sum[2] = LOAD(bias + 3 * LANES);
  if (form.reset_before) {
    RUNNEL_SET(accumulate)(sum, 1, 2, hidden, panel_size, h, 0, layer->hidden);
    RUNNEL_SET(gru_wait)(form, b, stride, row, first, sum[0], sum[1], n, waiting);
  } else {
    RUNNEL_SET(accumulate)(sum, 1, 3, hidden, panel_size, h, 0, layer->hidden);
    RUNNEL_SET(gru_units)(form, b, stride, row, first, sum[1], RUNNEL_SET(gru_candidate)(form, sum[0], n, sum[2]));
  }
}

// The sums of a block, of the rows on the desk.
IN void RUNNEL_SET(gru_sums)(const runnel_gru *layer, const int reset_before, int32_t rows, int32_t first,
                             RUNNEL_SET(desk) *desk) {
  const int64_t count = layer->inputs + layer->hidden, panel_size = count * LANES;
  const float *weights = layer->weights + first / LANES * 3 * panel_size, *bias = layer->bias + 4 * first;
  RUNNEL_SET(product) product = {weights, panel_size, desk->features, count, count, bias, 0, desk->sums};
  RUNNEL_SET(multiply_rows)(&product, rows, 2);
  product.weights += 2 * panel_size;
  product.begin += 2 * LANES;
  product.out += 2 * LANES;
  product.count = layer->inputs;
  RUNNEL_SET(multiply_rows)(&product, rows, 1);
  if (reset_before) return;
  product.weights += (int64_t)layer->inputs * LANES;
  product.begin += LANES;
  product.out += LANES;
  product.x += layer->inputs;
  product.count = layer->hidden;
  RUNNEL_SET(multiply_rows)(&product, rows, 1);
}

// The units of a block, where the reset is after: first what every n is taken of, then the units, so that neither waits
// for the other.
IN void RUNNEL_SET(gru_block)(const runnel_gru_form form, const RUNNEL_SET(batch) *b, int64_t stride, int32_t row,
                              int32_t rows, int32_t first, float *sums) {
  for (int32_t r = 0; r < rows; r++) {
    float *s = sums + r * SUMS;
    STORE(s + 2 * LANES, RUNNEL_SET(gru_candidate)(form, LOAD(s), LOAD(s + 2 * LANES), LOAD(s + 3 * LANES)));
  }
  for (int32_t r = 0; r < rows; r++) {
    const float *s = sums + r * SUMS;
    RUNNEL_SET(gru_units)(form, b, stride, row + r, first, LOAD(s + LANES), LOAD(s + 2 * LANES));
  }
}

// The units that waited, once all of r * h is known.
IN void RUNNEL_SET(gru_end)(const runnel_gru *layer, const runnel_gru_form form, const RUNNEL_SET(batch) *b,
                            int32_t row, int32_t rows, const float *waiting, RUNNEL_SET(desk) *desk) {
  const int64_t stride = RUNNEL_SET(padded)(layer->hidden);
  const int64_t panel_size = (int64_t)(layer->inputs + layer->hidden) * LANES;
  const float *earlier = waiting + row * 3 * stride;
  for (int32_t first = 0; first < layer->hidden; first += LANES) {
    const float *weights = layer->weights + (first / LANES * 3 + 2) * panel_size;
    const RUNNEL_SET(product) product = {
        weights + (int64_t)layer->inputs * LANES, panel_size, earlier + 2 * stride, 3 * stride, layer->hidden,
        earlier + first, 3 * stride, desk->sums,
    };
    RUNNEL_SET(multiply_rows)(&product, rows, 1);
    for (int32_t r = 0; r < rows; r++)
      RUNNEL_SET(gru_units)(form, b, stride, row + r, first, LOAD(earlier + (r * 3 + 1) * stride + first),
                            LOAD(desk->sums + r * SUMS));
  }
}

IN void RUNNEL_SET(gru_body)(const runnel_gru *layer, const runnel_gru_form form, const RUNNEL_SET(batch) *b,
                             float *scratch) {
  const int64_t stride = RUNNEL_SET(padded)(layer->hidden);
  const int32_t count = layer->inputs + layer->hidden, blocks = (int32_t)(stride / LANES);
  const int32_t chunk = b->rows == 1 ? 0 : RUNNEL_SET(chunk)(count);
  RUNNEL_SET(desk) desk;
  for (int32_t row = 0; row < b->rows;) {
    const int32_t here = chunk == 0 ? 1 : b->rows - row < chunk ? b->rows - row : chunk;
    if (chunk > 0) RUNNEL_SET(gather)(b, row, here, layer->inputs, layer->hidden, desk.features);
    for (int32_t place = 0; place < blocks; place++) {
      const int32_t first = RUNNEL_SET(turn)(b, blocks, place) * LANES;
      if (chunk == 0) {
        RUNNEL_SET(gru_row)(layer, form, b, row, first, scratch);
        continue;
      }
      RUNNEL_SET(gru_sums)(layer, form.reset_before, here, first, &desk);
      if (!form.reset_before) {
        RUNNEL_SET(gru_block)(form, b, stride, row, here, first, desk.sums);
        continue;
      }
      for (int32_t r = 0; r < here; r++) {
        const float *s = desk.sums + r * SUMS;
        RUNNEL_SET(gru_wait)(form, b, stride, row + r, first, LOAD(s), LOAD(s + LANES), LOAD(s + 2 * LANES), scratch);
      }
    }
    if (form.reset_before) RUNNEL_SET(gru_end)(layer, form, b, row, here, scratch, &desk);
    row += here;
  }
}

static void RUNNEL_SET(gru)(const runnel_gru *layer, int32_t rows, const float *x, int64_t x_stride,
                            const runnel_state *state, float *scratch, float *y, int64_t y_stride) {
  const RUNNEL_SET(batch) batch = {rows, x, x_stride, state, y, y_stride};
  if (gru_is_plain(&layer->form))
    RUNNEL_SET(gru_body)(layer, plain_gru, &batch, scratch);
  else
    RUNNEL_SET(gru_body)(layer, layer->form, &batch, scratch);
}

// MARK: LSTM

// Hochreiter and Schmidhuber 1997, with the forget gate of Gers, Schmidhuber and Cummins 2000, the peepholes of Gers,
// Schraudolph and Schmidhuber 2002, the coupled gates of Greff et al. 2017 (CIFG) and the projection of Sak, Senior and
// Beaufays 2014. FORMATS.md C.2, C.5, C.9.
//
//   i  = gate(b_i + W_i x + R_i h + p_i * c)               (1) or 1 - f where coupled so
//   f  = gate(b_f + W_f x + R_f h + p_f * c)               (2) or 1 - i where coupled so
//   g  = cell(b_g + W_g x + R_g h)                         (3)
//   c' = fma(f, c, i * g), bounded by cell_clip            (4)
//   o  = gate(b_o + W_o x + R_o h + p_o * c')              (5) the peephole sees the new cell
//   m  = o * output(c')                                    (6)
//   h' = m, or W_hr m where projected                      (7)
//
// p * c is one more fma at the end of the chain; gate_clip bounds what gate and cell are taken of. A block has the panels
// i f g o, or three where a gate is coupled, which is then not computed: `gates` is 4 or 3 and a constant.
IN lanes RUNNEL_SET(gate)(const runnel_lstm_form form, lanes a, const float *peephole, lanes c) {
  if (form.peepholes) a = FMA(LOAD(peephole), c, a);
  return RUNNEL_SET(apply)(form.gate, RUNNEL_SET(bounded)(a, form.gate_clip));
}

// i and f of a block, of the sums of its first two gates.
IN void RUNNEL_SET(lstm_gates)(const runnel_lstm *layer, const runnel_lstm_form form, const int32_t gates,
                               const RUNNEL_SET(batch) *b, int32_t row, int32_t block, lanes *i, lanes *f) {
  const float *peephole = layer->peepholes + (gates - 1) * block;
  const lanes old = LOAD(b->state->c + b->state->from[row] * RUNNEL_SET(padded)(layer->hidden) + block);
  *i = RUNNEL_SET(gate)(form, *i, peephole, old);  // (1), (2): the first that is computed
  if (gates == 4) {
    *f = RUNNEL_SET(gate)(form, *f, peephole + LANES, old);
  } else if (form.coupling == RUNNEL_COUPLED_INPUT) {
    *f = *i;
    *i = 1.0f - *f;
  } else {
    *f = 1.0f - *i;
  }
}

// c' of a block, of its gates and the sums of g.
IN lanes RUNNEL_SET(lstm_cell)(const runnel_lstm *layer, const runnel_lstm_form form, const RUNNEL_SET(batch) *b,
                               int32_t row, int32_t block, lanes i, lanes f, lanes g) {
  const int64_t stride = RUNNEL_SET(padded)(layer->hidden);
  const lanes old = LOAD(b->state->c + b->state->from[row] * stride + block);
  g = RUNNEL_SET(apply)(form.cell, RUNNEL_SET(bounded)(g, form.gate_clip));  // (3)
  const lanes c = RUNNEL_SET(bounded)(FMA(f, old, i * g), form.cell_clip);   // (4)
  STORE(b->state->c + b->state->to[row] * stride + block, c);
  return c;
}

IN lanes RUNNEL_SET(lstm_open)(const runnel_lstm *layer, const runnel_lstm_form form, const int32_t gates,
                               int32_t block, lanes o, lanes c) {
  return RUNNEL_SET(gate)(form, o, layer->peepholes + (gates - 1) * block + (gates - 2) * LANES, c);  // (5)
}

// m, and h' where it is that; `unprojected` (rows, H) takes it where projected.
IN void RUNNEL_SET(lstm_unit)(const runnel_lstm *layer, const runnel_lstm_form form, const RUNNEL_SET(batch) *b,
                              int32_t row, int32_t block, lanes o, lanes c, float *unprojected) {
  const int64_t stride = RUNNEL_SET(padded)(layer->hidden);
  const lanes m = o * RUNNEL_SET(apply)(form.output, c);  // (6)
  if (form.projected) {
    STORE(unprojected + row * stride + block, m);
  } else {
    STORE(b->state->h + b->state->to[row] * stride + block, m);
    STORE(b->y + row * b->y_stride + block, m);
  }
}

IN void RUNNEL_SET(lstm_row)(const runnel_lstm *layer, const runnel_lstm_form form, const int32_t gates,
                             const RUNNEL_SET(batch) *b, int32_t row, int32_t carried, int32_t block,
                             float *unprojected) {
  const int64_t panel_size = (int64_t)(layer->inputs + carried) * LANES;
  const float *weights = layer->weights + block / LANES * gates * panel_size;
  const float *h = b->state->h + b->state->from[row] * RUNNEL_SET(padded)(carried);
  lanes sum[4];
  UNROLLED for (int32_t gate = 0; gate < gates; gate++) sum[gate] = LOAD(layer->bias + gates * block + gate * LANES);
  RUNNEL_SET(accumulate)(sum, 1, gates, weights, panel_size, b->x + row * b->x_stride, 0, layer->inputs);
  RUNNEL_SET(accumulate)(sum, 1, gates, weights + (int64_t)layer->inputs * LANES, panel_size, h, 0, carried);
  lanes i = sum[0], f = sum[1];
  RUNNEL_SET(lstm_gates)(layer, form, gates, b, row, block, &i, &f);
  const lanes c = RUNNEL_SET(lstm_cell)(layer, form, b, row, block, i, f, sum[gates - 2]);
  const lanes o = RUNNEL_SET(lstm_open)(layer, form, gates, block, sum[gates - 1], c);
  RUNNEL_SET(lstm_unit)(layer, form, b, row, block, o, c, unprojected);
}

// One function after the other over all rows, so that its constants stay in registers and no row waits for itself. What
// it gives takes the place of the sums.
IN void RUNNEL_SET(lstm_block)(const runnel_lstm *layer, const runnel_lstm_form form, const int32_t gates,
                               const RUNNEL_SET(batch) *b, int32_t row, int32_t rows, int32_t block, float *sums,
                               float *unprojected) {
  for (int32_t r = 0; r < rows; r++) {
    float *s = sums + r * SUMS;
    lanes i = LOAD(s), f = LOAD(s + LANES);
    const lanes g = LOAD(s + (gates - 2) * LANES);
    RUNNEL_SET(lstm_gates)(layer, form, gates, b, row + r, block, &i, &f);
    if (gates == 3) STORE(s + 3 * LANES, g);
    STORE(s, i);
    STORE(s + LANES, f);
  }
  for (int32_t r = 0; r < rows; r++) {
    float *s = sums + r * SUMS;
    const lanes g = LOAD(s + (gates == 3 ? 3 : 2) * LANES);
    STORE(s, RUNNEL_SET(lstm_cell)(layer, form, b, row + r, block, LOAD(s), LOAD(s + LANES), g));
  }
  for (int32_t r = 0; r < rows; r++) {
    float *o = sums + r * SUMS + (gates - 1) * LANES;
    STORE(o, RUNNEL_SET(lstm_open)(layer, form, gates, block, LOAD(o), LOAD(sums + r * SUMS)));
  }
  for (int32_t r = 0; r < rows; r++) {
    const float *s = sums + r * SUMS;
    RUNNEL_SET(lstm_unit)(layer, form, b, row + r, block, LOAD(s + (gates - 1) * LANES), LOAD(s), unprojected);
  }
}

IN void RUNNEL_SET(lstm_body)(const runnel_lstm *layer, const runnel_lstm_form form, const int32_t gates,
                              const RUNNEL_SET(batch) *b, float *scratch) {
  const int64_t stride = RUNNEL_SET(padded)(layer->hidden);
  const int32_t carried = form.projected ? layer->projection.outputs : layer->hidden;
  const int32_t count = layer->inputs + carried, blocks = (int32_t)(stride / LANES);
  const int64_t panel_size = (int64_t)count * LANES;
  const int32_t chunk = b->rows == 1 ? 0 : RUNNEL_SET(chunk)(count);
  RUNNEL_SET(desk) desk;
  for (int32_t row = 0; row < b->rows;) {
    const int32_t here = chunk == 0 ? 1 : b->rows - row < chunk ? b->rows - row : chunk;
    if (chunk > 0) RUNNEL_SET(gather)(b, row, here, layer->inputs, carried, desk.features);
    for (int32_t place = 0; place < blocks; place++) {
      const int32_t first = RUNNEL_SET(turn)(b, blocks, place) * LANES;
      if (chunk == 0) {
        RUNNEL_SET(lstm_row)(layer, form, gates, b, row, carried, first, scratch);
        continue;
      }
      const RUNNEL_SET(product) product = {
          layer->weights + first / LANES * gates * panel_size, panel_size, desk.features, count, count,
          layer->bias + gates * first, 0, desk.sums,
      };
      RUNNEL_SET(multiply_rows)(&product, here, gates);
      RUNNEL_SET(lstm_block)(layer, form, gates, b, row, here, first, desk.sums, scratch);
    }
    row += here;
  }
  if (!form.projected) return;
  RUNNEL_SET(linear)(&layer->projection, b->rows, scratch, stride, no_activation, b->y, b->y_stride);  // (7)
  const int64_t h_stride = RUNNEL_SET(padded)(carried);
  for (int32_t row = 0; row < b->rows; row++)
    __builtin_memcpy(b->state->h + b->state->to[row] * h_stride, b->y + row * b->y_stride,
                     (size_t)h_stride * sizeof(float));
}

static void RUNNEL_SET(lstm)(const runnel_lstm *layer, int32_t rows, const float *x, int64_t x_stride,
                             const runnel_state *state, float *scratch, float *y, int64_t y_stride) {
  const RUNNEL_SET(batch) batch = {rows, x, x_stride, state, y, y_stride};
  if (lstm_is_plain(&layer->form))
    RUNNEL_SET(lstm_body)(layer, plain_lstm, 4, &batch, scratch);
  else if (layer->form.coupling == RUNNEL_UNCOUPLED)
    RUNNEL_SET(lstm_body)(layer, layer->form, 4, &batch, scratch);
  else
    RUNNEL_SET(lstm_body)(layer, layer->form, 3, &batch, scratch);
}
