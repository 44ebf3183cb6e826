// A step in two halves with int8 weights: the sums begun (body_begin.h), and what goes on from them.

IN void RUNNEL_SET(begin_int8_rows)(const RUNNEL_SET(int8_chunk) *chunk, const RUNNEL_SET(batch) *b, int32_t row,
                                    const int32_t rows, int32_t first, const int32_t registers, const int32_t gates) {
  const RUNNEL_SET(beginning) *layer = chunk->layer;
  INT8_BLOCK(gates, layer->inputs, layer->carried);
  bits sum[RUNNEL_TILE];
  RUNNEL_SET(multiply_int8)(sum, rows, registers, gates, weights, block_size, gates * LANES, &chunk->x, row,
                            layer->inputs);
  for (int32_t p = 0; p < rows * registers; p++) {
    const int32_t r = row + p / registers, at = first + p % registers * LANES;
    const float *bias = layer->bias + at * layer->biases, *scales = layer->scales + at * 2 * gates;
    float *y = b->y + r * b->y_stride + at * gates;
    UNROLLED for (int32_t g = 0; g < gates; g++)
      STORE(y + g * LANES, RUNNEL_SET(worth)(sum[p * gates + g], scales + g * LANES, chunk->x.scale[r],
                                             LOAD(bias + g * LANES)));
  }
}

#define BEGIN(gates)                                                                                                 \
  IN void RUNNEL_SET(begin##gates##_int8)(const void *chunk, const RUNNEL_SET(batch) *b, int32_t row,                \
                                          const int32_t rows, int32_t first, const int32_t registers) {              \
    RUNNEL_SET(begin_int8_rows)(chunk, b, row, rows, first, registers, gates);                                       \
  }                                                                                                                  \
  TILES(begin##gates##_int8, gates, gates == 1 ? 4 : WIDEST)
BEGIN(1) BEGIN(3) BEGIN(4)
#undef BEGIN

static void RUNNEL_SET(begin_int8)(const RUNNEL_SET(beginning) layer, int32_t gates, int32_t rows, const float *x,
                                   int64_t x_stride, float *sums, int64_t sums_stride) {
  const RUNNEL_SET(batch) batch = {rows, x, sums, x_stride, sums_stride, NULL, NULL, 0};
  RUNNEL_SET(int8_chunk) chunk;
  chunk.layer = &layer;
  uint32_t words[RUNNEL_WORDS];
  const int32_t together = RUNNEL_SET(int8_together)(RUNNEL_SET(int8_row_words)(layer.inputs));
  for (int32_t start = 0; start < rows; start += together) {
    const int32_t here = rows - start < together ? rows - start : together;
    const RUNNEL_SET(batch) part = RUNNEL_SET(part_of)(&batch, start, here, NULL, 0);
    RUNNEL_SET(quantise_chunk)(&chunk, words, &part, layer.inputs, 0, 0);
    RUNNEL_SET(walk)(gates == 4   ? &RUNNEL_SET(begin4_int8_tiles)
                     : gates == 3 ? &RUNNEL_SET(begin3_int8_tiles)
                                  : &RUNNEL_SET(begin1_int8_tiles), &chunk, &part, layer.hidden, 0, 2);
  }
}

static void RUNNEL_SET(rnn_begin_int8)(const runnel_rnn *layer, int32_t rows, const float *x, int64_t x_stride,
                                       float *sums, int64_t sums_stride) {
  RUNNEL_SET(begin_int8)(RUNNEL_SET(beginning_of_rnn)(layer), 1, rows, x, x_stride, sums, sums_stride);
}

static void RUNNEL_SET(gru_begin_int8)(const runnel_gru *layer, int32_t rows, const float *x, int64_t x_stride,
                                       float *sums, int64_t sums_stride) {
  RUNNEL_SET(begin_int8)(RUNNEL_SET(beginning_of_gru)(layer), 3, rows, x, x_stride, sums, sums_stride);
}

static void RUNNEL_SET(lstm_begin_int8)(const runnel_lstm *layer, int32_t rows, const float *x, int64_t x_stride,
                                        float *sums, int64_t sums_stride) {
  const RUNNEL_SET(beginning) all = RUNNEL_SET(beginning_of_lstm)(layer);
  RUNNEL_SET(begin_int8)(all, all.biases, rows, x, x_stride, sums, sums_stride);
}

// MARK: the second half

static void RUNNEL_SET(rnn_finish_int8)(const runnel_rnn *layer, const float *sums, const runnel_state *state,
                                        float *y) {
  const RUNNEL_SET(batch) batch = {1, sums, y, 0, 0, state, NULL, layer->plain};
  RUNNEL_SET(int8_chunk) chunk;
  chunk.layer = layer;
  uint32_t words[RUNNEL_WORDS];
  RUNNEL_SET(quantise)(&chunk.h, words, 1, state->h, RUNNEL_SET(padded)(layer->hidden), state->from, layer->hidden);
  RUNNEL_SET(walk)(&RUNNEL_SET(rnn_finish_int8_tile_tiles), &chunk, &batch, layer->hidden,
                   RUNNEL_SET(descending)(&batch), 2);
}

static void RUNNEL_SET(gru_finish_int8)(const runnel_gru *layer, const float *sums, const runnel_state *state,
                                        float *scratch, float *y) {
  const RUNNEL_SET(batch) batch = {1, sums, y, 0, 0, state, scratch, layer->plain};
  const int64_t stride = RUNNEL_SET(padded)(layer->hidden);
  RUNNEL_SET(int8_chunk) chunk;
  chunk.layer = layer;
  uint32_t words[RUNNEL_WORDS];
  RUNNEL_SET(quantise)(&chunk.h, words, 1, state->h, stride, state->from, layer->hidden);
  RUNNEL_SET(walk)(&RUNNEL_SET(gru_finish_int8_tile_tiles), &chunk, &batch, layer->hidden,
                   RUNNEL_SET(descending)(&batch), 0);
  if (!layer->form.reset_before) return;
  RUNNEL_SET(quantise)(&chunk.h, words, 1, scratch + 2 * stride, 3 * stride, NULL, layer->hidden);
  RUNNEL_SET(walk)(&RUNNEL_SET(gru_end_int8_tile_tiles), &chunk, &batch, layer->hidden, 0, 0);
}

static void RUNNEL_SET(lstm_finish_int8)(const runnel_lstm *layer, const float *sums, const runnel_state *state,
                                         float *scratch, float *y) {
  const RUNNEL_SET(batch) batch = {1, sums, y, 0, 0, state, scratch, layer->plain};
  const int32_t carried = layer->form.projected ? layer->projection.outputs : layer->hidden;
  RUNNEL_SET(int8_chunk) chunk;
  chunk.layer = layer;
  uint32_t words[RUNNEL_WORDS];
  RUNNEL_SET(quantise)(&chunk.h, words, 1, state->h, RUNNEL_SET(padded)(carried), state->from, carried);
  RUNNEL_SET(walk)(layer->form.coupling == RUNNEL_UNCOUPLED ? &RUNNEL_SET(lstm_finish4_int8_tile_tiles)
                                                            : &RUNNEL_SET(lstm_finish3_int8_tile_tiles),
                   &chunk, &batch, layer->hidden, RUNNEL_SET(descending)(&batch), 0);
  if (!layer->form.projected) return;
  RUNNEL_SET(linear_int8)(&layer->projection, 1, scratch, RUNNEL_SET(padded)(layer->hidden), no_activation, y, 0);
  RUNNEL_SET(put_projected)(layer, &batch);
}

#define RUNNEL_INT8(name) RUNNEL_SET(name##_int8)
static const runnel_kernels RUNNEL_SET(int8_table) = TABLE(RUNNEL_INT8);
#undef RUNNEL_INT8
#undef INT8_BLOCK
