// The recurrent cells: one body each, always inlined. Its variants are flags; where the flags are constants (the plain
// cell) the compiler leaves nothing of them, where they come from the layer one instance serves all.
//
// A body goes block by block of 16 units, and inside a block row by row, so that weights are read once for a batch.
// W is weight_ih, R weight_hh, b the biases (FORMATS.md C.2), * the product of elements.

IN int64_t RUNNEL_SET(padded)(int32_t count) {
  return ((int64_t)count + RUNNEL_BLOCK - 1) / RUNNEL_BLOCK * RUNNEL_BLOCK;
}

// MARK: RNN

// Elman 1990; with leak < 1 the leaky unit of Jaeger, Lukoševičius, Popovici and Siewert 2007 (FORMATS.md C.9).
//
//   a  = b + W x + R h                                     (1)
//   h' = act(a)                                            (2)
//   h' = fma(leak, act(a), (1 - leak) * h)                 (3) in place of (2) where leaky
IN void RUNNEL_SET(rnn_body)(const runnel_rnn *layer, runnel_activation activation, const int leaky, int32_t rows,
                             const float *x, int64_t x_stride, const runnel_state *state, float *y, int64_t y_stride) {
  const int64_t stride = RUNNEL_SET(padded)(layer->hidden);
  const int64_t block_size = (int64_t)(layer->inputs + layer->hidden) * RUNNEL_BLOCK;
  const lanes leak = SPLAT(layer->leak), keep = SPLAT(1.0f - layer->leak);
  for (int32_t first = 0; first < layer->hidden; first += RUNNEL_BLOCK) {
    const float *input = layer->weights + first / RUNNEL_BLOCK * block_size;
    const float *hidden = input + (int64_t)layer->inputs * RUNNEL_BLOCK;
    for (int32_t row = 0; row < rows; row++) {
      const float *h = state->h + state->from[row] * stride;
      float *h_new = state->h + state->to[row] * stride + first, *out = y + row * y_stride + first;
      lanes a[PER_BLOCK];  // (1)
      RUNNEL_SET(begin)(a, PER_BLOCK, layer->bias + first);
      RUNNEL_SET(accumulate)(a, PER_BLOCK, input, RUNNEL_BLOCK, x + row * x_stride, layer->inputs);
      RUNNEL_SET(accumulate)(a, PER_BLOCK, hidden, RUNNEL_BLOCK, h, layer->hidden);
#pragma clang loop unroll(full)
      for (int32_t o = 0; o < PER_BLOCK; o++) {
        lanes unit = RUNNEL_SET(apply)(activation, a[o]);                       // (2)
        if (leaky) unit = FMA(leak, unit, keep * LOAD(h + first + o * LANES));  // (3)
        STORE(h_new + o * LANES, unit);
        STORE(out + o * LANES, unit);
      }
    }
  }
}

static void RUNNEL_SET(rnn)(const runnel_rnn *layer, int32_t rows, const float *x, int64_t x_stride,
                            const runnel_state *state, float *y, int64_t y_stride) {
  if (layer->leak == 1.0f && layer->activation.kind == RUNNEL_TANH)
    RUNNEL_SET(rnn_body)(layer, plain_tanh, 0, rows, x, x_stride, state, y, y_stride);
  else
    RUNNEL_SET(rnn_body)(layer, layer->activation, layer->leak != 1.0f, rows, x, x_stride, state, y, y_stride);
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
// gate_clip bounds what gate and act are taken of.
//
// Weights of a block: of each input n r z side by side, then of each hidden unit r z n. So the chains of the inputs
// are the first three of (n of the inputs, r, z, n of the hidden units), those of the hidden units the last three.
// With the reset before, n of the hidden units waits until r * h of every unit is known, and goes on where n of the
// inputs ended.
IN void RUNNEL_SET(gru_body)(const runnel_gru *layer, const runnel_gru_form form, int32_t rows, const float *x,
                             int64_t x_stride, const runnel_state *state, float *scratch, float *y, int64_t y_stride) {
  enum { PITCH = 3 * RUNNEL_BLOCK, N = 0, R = PER_BLOCK, Z = 2 * PER_BLOCK, N_HIDDEN = 3 * PER_BLOCK };
  const int64_t stride = RUNNEL_SET(padded)(layer->hidden);
  const int64_t block_size = (int64_t)(layer->inputs + layer->hidden) * PITCH;
  for (int32_t first = 0; first < layer->hidden; first += RUNNEL_BLOCK) {
    const float *input = layer->weights + first / RUNNEL_BLOCK * block_size;
    const float *hidden = input + (int64_t)layer->inputs * PITCH;
    for (int32_t row = 0; row < rows; row++) {
      const float *h = state->h + state->from[row] * stride;
      float *h_new = state->h + state->to[row] * stride + first, *out = y + row * y_stride + first;
      float *later = scratch + row * 3 * stride + first;  // (3, H) n of the inputs, z, r * h
      lanes sum[4 * PER_BLOCK];
      RUNNEL_SET(begin)(sum, 4 * PER_BLOCK, layer->bias + 4 * first);
      RUNNEL_SET(accumulate)(sum, 3 * PER_BLOCK, input, PITCH, x + row * x_stride, layer->inputs);
      if (form.reset_before)
        RUNNEL_SET(accumulate)(sum + R, 2 * PER_BLOCK, hidden, PITCH, h, layer->hidden);
      else
        RUNNEL_SET(accumulate)(sum + R, 3 * PER_BLOCK, hidden, PITCH, h, layer->hidden);
#pragma clang loop unroll(full)
      for (int32_t o = 0; o < PER_BLOCK; o++) {
        const lanes old = LOAD(h + first + o * LANES);
        const lanes r = RUNNEL_SET(apply)(form.gate, RUNNEL_SET(bounded)(sum[R + o], form.gate_clip));  // (1)
        const lanes z = RUNNEL_SET(apply)(form.gate, RUNNEL_SET(bounded)(sum[Z + o], form.gate_clip));  // (2)
        if (form.reset_before) {
          STORE(later + o * LANES, sum[N + o]);
          STORE(later + stride + o * LANES, z);
          STORE(later + 2 * stride + o * LANES, r * old);
        } else {
          const lanes a = RUNNEL_SET(bounded)(FMA(r, sum[N_HIDDEN + o], sum[N + o]), form.gate_clip);
          const lanes n = RUNNEL_SET(apply)(form.candidate, a);  // (3)
          const lanes unit = FMA(z, old, (1.0f - z) * n);        // (5)
          STORE(h_new + o * LANES, unit);
          STORE(out + o * LANES, unit);
        }
      }
    }
  }
  if (!form.reset_before) return;
  for (int32_t first = 0; first < layer->hidden; first += RUNNEL_BLOCK) {
    const float *input = layer->weights + first / RUNNEL_BLOCK * block_size;
    const float *hidden_n = input + (int64_t)layer->inputs * PITCH + 2 * RUNNEL_BLOCK;
    for (int32_t row = 0; row < rows; row++) {
      const float *h = state->h + state->from[row] * stride;
      float *h_new = state->h + state->to[row] * stride + first, *out = y + row * y_stride + first;
      const float *earlier = scratch + row * 3 * stride;
      lanes sum[PER_BLOCK];
      RUNNEL_SET(begin)(sum, PER_BLOCK, earlier + first);
      RUNNEL_SET(accumulate)(sum, PER_BLOCK, hidden_n, PITCH, earlier + 2 * stride, layer->hidden);
#pragma clang loop unroll(full)
      for (int32_t o = 0; o < PER_BLOCK; o++) {
        const lanes z = LOAD(earlier + stride + first + o * LANES);
        const lanes n = RUNNEL_SET(apply)(form.candidate, RUNNEL_SET(bounded)(sum[o], form.gate_clip));  // (4)
        const lanes unit = FMA(z, LOAD(h + first + o * LANES), (1.0f - z) * n);                          // (5)
        STORE(h_new + o * LANES, unit);
        STORE(out + o * LANES, unit);
      }
    }
  }
}

static void RUNNEL_SET(gru)(const runnel_gru *layer, int32_t rows, const float *x, int64_t x_stride,
                            const runnel_state *state, float *scratch, float *y, int64_t y_stride) {
  if (gru_is_plain(&layer->form))
    RUNNEL_SET(gru_body)(layer, plain_gru, rows, x, x_stride, state, scratch, y, y_stride);
  else
    RUNNEL_SET(gru_body)(layer, layer->form, rows, x, x_stride, state, scratch, y, y_stride);
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
// p * c is one more fma at the end of the chain; gate_clip bounds what gate and cell are taken of.
//
IN lanes RUNNEL_SET(gate)(const runnel_lstm_form form, lanes a, const float *peephole, lanes c) {
  if (form.peepholes) a = FMA(LOAD(peephole), c, a);
  return RUNNEL_SET(apply)(form.gate, RUNNEL_SET(bounded)(a, form.gate_clip));
}

// `gates` is a constant: 4, or 3 where coupled, whose missing gate is not computed.
IN void RUNNEL_SET(lstm_body)(const runnel_lstm *layer, const runnel_lstm_form form, const int32_t gates, int32_t rows,
                              const float *x, int64_t x_stride, const runnel_state *state, float *scratch, float *y,
                              int64_t y_stride) {
  const int64_t stride = RUNNEL_SET(padded)(layer->hidden);
  const int32_t carried = form.projected ? layer->projection.outputs : layer->hidden;
  const int64_t h_stride = RUNNEL_SET(padded)(carried);
  const int64_t pitch = gates * RUNNEL_BLOCK, block_size = (layer->inputs + carried) * pitch;
  for (int32_t first = 0; first < layer->hidden; first += RUNNEL_BLOCK) {
    const float *input = layer->weights + first / RUNNEL_BLOCK * block_size, *hidden = input + layer->inputs * pitch;
    const float *peepholes = layer->peepholes + (gates - 1) * first;
    for (int32_t row = 0; row < rows; row++) {
      lanes sum[4 * PER_BLOCK];  // (gates, 16) i f g o, or without the gate that is coupled
      RUNNEL_SET(begin)(sum, gates * PER_BLOCK, layer->bias + gates * first);
      RUNNEL_SET(accumulate)(sum, gates * PER_BLOCK, input, pitch, x + row * x_stride, layer->inputs);
      RUNNEL_SET(accumulate)(sum, gates * PER_BLOCK, hidden, pitch, state->h + state->from[row] * h_stride, carried);
      const float *c_old = state->c + state->from[row] * stride + first;
      float *c_new = state->c + state->to[row] * stride + first;
      float *h_new = state->h + state->to[row] * h_stride + first;
      float *out = y + row * y_stride + first, *unprojected = scratch + row * stride + first;
#pragma clang loop unroll(full)
      for (int32_t o = 0; o < PER_BLOCK; o++) {
        const lanes *a = sum + o;  // of each gate, PER_BLOCK apart
        const float *p = peepholes + o * LANES;
        const lanes old = LOAD(c_old + o * LANES);
        lanes i, f;
        i = f = RUNNEL_SET(gate)(form, a[0], p, old);  // (1), (2): the first that is computed
        if (gates == 4) f = RUNNEL_SET(gate)(form, a[PER_BLOCK], p + RUNNEL_BLOCK, old);
        else if (form.coupling == RUNNEL_COUPLED_INPUT) i = 1.0f - f;
        else f = 1.0f - i;
        const lanes g = RUNNEL_SET(apply)(form.cell, RUNNEL_SET(bounded)(a[(gates - 2) * PER_BLOCK], form.gate_clip));
        const lanes c = RUNNEL_SET(bounded)(FMA(f, old, i * g), form.cell_clip);  // (4)
        const lanes open = RUNNEL_SET(gate)(form, a[(gates - 1) * PER_BLOCK], p + (gates - 2) * RUNNEL_BLOCK, c);
        const lanes m = open * RUNNEL_SET(apply)(form.output, c);  // (6)
        STORE(c_new + o * LANES, c);
        if (form.projected) {
          STORE(unprojected + o * LANES, m);
        } else {
          STORE(h_new + o * LANES, m);
          STORE(out + o * LANES, m);
        }
      }
    }
  }
  if (!form.projected) return;
  RUNNEL_SET(linear)(&layer->projection, rows, scratch, stride, no_activation, y, y_stride);  // (7)
  for (int32_t row = 0; row < rows; row++)
    __builtin_memcpy(state->h + state->to[row] * h_stride, y + row * y_stride, (size_t)h_stride * sizeof(float));
}

static void RUNNEL_SET(lstm)(const runnel_lstm *layer, int32_t rows, const float *x, int64_t x_stride,
                             const runnel_state *state, float *scratch, float *y, int64_t y_stride) {
  if (lstm_is_plain(&layer->form))
    RUNNEL_SET(lstm_body)(layer, plain_lstm, 4, rows, x, x_stride, state, scratch, y, y_stride);
  else if (layer->form.coupling == RUNNEL_UNCOUPLED)
    RUNNEL_SET(lstm_body)(layer, layer->form, 4, rows, x, x_stride, state, scratch, y, y_stride);
  else
    RUNNEL_SET(lstm_body)(layer, layer->form, 3, rows, x, x_stride, state, scratch, y, y_stride);
}
