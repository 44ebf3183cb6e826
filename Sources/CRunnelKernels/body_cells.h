// The recurrent cells; the LSTM has a file of its own. Variants are flags; where the flags are constants (the plain
// cell) the compiler leaves nothing of them, where they come from the layer one instance serves all.
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
