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
