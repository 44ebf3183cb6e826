// The layers with int8 weights. A chunk of rows is quantised, then the tiles run over it; what a cell does with its sums
// is what it does with any (body_cells.h, body_lstm.h), and the header says what a sum is.

// A layer, and the rows that it multiplies: its features, and of a cell the old units.
typedef struct {
  const void *layer;
  runnel_activation activation;  // linear only
  RUNNEL_SET(int8_rows) x;
  RUNNEL_SET(int8_rows) h;
} RUNNEL_SET(int8_chunk);

// So many rows of `words` words are quantised together.
IN int32_t RUNNEL_SET(int8_together)(int64_t words) {
  const int64_t fit = RUNNEL_WORDS / (words > 0 ? words : 1);
  return fit < RUNNEL_CHUNK ? (int32_t)fit : RUNNEL_CHUNK;
}

// The rows of a batch from `start` on.
IN RUNNEL_SET(batch) RUNNEL_SET(part_of)(const RUNNEL_SET(batch) *b, int32_t start, int32_t rows, runnel_state *state,
                                         int64_t scratch_stride) {
  RUNNEL_SET(batch) part = *b;
  part.rows = rows;
  part.x += start * b->x_stride;
  part.y += start * b->y_stride;
  if (b->scratch) part.scratch += start * scratch_stride;
  if (b->state) {
    *state = *b->state;
    state->from += start;
    state->to += start;
    part.state = state;
  }
  return part;
}

// Features and old units of a chunk, which lie `h_stride` floats apart.
static void RUNNEL_SET(quantise_chunk)(RUNNEL_SET(int8_chunk) *chunk, uint32_t *words, const RUNNEL_SET(batch) *b,
                                       int64_t inputs, int64_t h_stride, int64_t units) {
  RUNNEL_SET(quantise)(&chunk->x, words, b->rows, b->x, b->x_stride, NULL, inputs);
  if (b->state)
    RUNNEL_SET(quantise)(&chunk->h, words + b->rows * RUNNEL_SET(int8_row_words)(inputs), b->rows, b->state->h,
                         h_stride, b->state->from, units);
}

// Where the weights of one tile lie.
#define INT8_BLOCK(gates, inputs, units)                                                          \
  const int64_t of_inputs = (gates) * RUNNEL_SET(int8_weight_words)(inputs) * LANES;               \
  const int64_t block_size = of_inputs + (gates) * RUNNEL_SET(int8_weight_words)(units) * LANES;   \
  const uint32_t *weights = (const uint32_t *)layer->weights + first * (block_size / LANES)

// MARK: linear

IN void RUNNEL_SET(linear_int8_tile)(const void *tile, const RUNNEL_SET(batch) *b, int32_t row, const int32_t rows,
                                     int32_t first, const int32_t registers) {
  const RUNNEL_SET(int8_chunk) *chunk = tile;
  const runnel_linear *layer = chunk->layer;
  const int64_t block_size = RUNNEL_SET(int8_weight_words)(layer->inputs) * LANES;
  const uint32_t *weights = (const uint32_t *)layer->weights + first * (block_size / LANES);
  bits sum[RUNNEL_TILE];
  RUNNEL_SET(multiply_int8)(sum, rows, registers, 1, weights, block_size, LANES, &chunk->x, row, layer->inputs);
  UNROLLED for (int32_t r = 0; r < rows; r++)
    UNROLLED for (int32_t v = 0; v < registers; v++) {
      const int32_t at = first + v * LANES;
      const lanes value = RUNNEL_SET(worth)(sum[r * registers + v], layer->scales + at, chunk->x.scale[row + r],
                                            LOAD(layer->bias + at));
      STORE(b->y + (row + r) * b->y_stride + at, RUNNEL_SET(apply)(chunk->activation, value));
    }
}
TILES(linear_int8_tile, 1, 4)

static void RUNNEL_SET(linear_int8)(const runnel_linear *layer, int32_t rows, const float *x, int64_t x_stride,
                                    runnel_activation activation, float *y, int64_t y_stride) {
  const RUNNEL_SET(batch) batch = {rows, x, y, x_stride, y_stride, NULL, NULL, 0};
  RUNNEL_SET(int8_chunk) chunk;
  chunk.layer = layer;
  chunk.activation = activation;
  uint32_t words[RUNNEL_WORDS];
  const int32_t together = RUNNEL_SET(int8_together)(RUNNEL_SET(int8_row_words)(layer->inputs));
  for (int32_t start = 0; start < rows; start += together) {
    const int32_t here = rows - start < together ? rows - start : together;
    const RUNNEL_SET(batch) part = RUNNEL_SET(part_of)(&batch, start, here, NULL, 0);
    RUNNEL_SET(quantise_chunk)(&chunk, words, &part, layer->inputs, 0, 0);
    RUNNEL_SET(walk)(&RUNNEL_SET(linear_int8_tile_tiles), &chunk, &part, layer->outputs, 0, 2);
  }
}

// MARK: RNN

IN void RUNNEL_SET(rnn_int8_rows)(const RUNNEL_SET(int8_chunk) *chunk, const RUNNEL_SET(batch) *b, int32_t row,
                                  const int32_t rows, int32_t first, const int32_t registers, const int begun) {
  const runnel_rnn *layer = chunk->layer;
  INT8_BLOCK(1, layer->inputs, layer->hidden);
  bits of_x[RUNNEL_TILE], of_h[RUNNEL_TILE];
  if (!begun)
    RUNNEL_SET(multiply_int8)(of_x, rows, registers, 1, weights, block_size, LANES, &chunk->x, row, layer->inputs);
  RUNNEL_SET(multiply_int8)(of_h, rows, registers, 1, weights + of_inputs, block_size, LANES, &chunk->h, row,
                            layer->hidden);
  for (int32_t p = 0; p < rows * registers; p++) {
    const int32_t r = row + p / registers, at = first + p % registers * LANES;
    const float *scales = layer->scales + at * 2;
    lanes a = begun ? LOAD(b->x + at)
                    : RUNNEL_SET(worth)(of_x[p], scales, chunk->x.scale[r], LOAD(layer->bias + at));
    a = RUNNEL_SET(worth)(of_h[p], scales + LANES, chunk->h.scale[r], a);
    if (b->plain)
      RUNNEL_SET(rnn_unit)(layer, plain_tanh, 0, b, r, at, a);
    else
      RUNNEL_SET(rnn_unit)(layer, layer->activation, layer->leak != 1.0f, b, r, at, a);
  }
}

IN void RUNNEL_SET(rnn_int8_tile)(const void *chunk, const RUNNEL_SET(batch) *b, int32_t row, const int32_t rows,
                                  int32_t first, const int32_t registers) {
  RUNNEL_SET(rnn_int8_rows)(chunk, b, row, rows, first, registers, 0);
}
TILES(rnn_int8_tile, 1, 4)

IN void RUNNEL_SET(rnn_finish_int8_tile)(const void *chunk, const RUNNEL_SET(batch) *b, int32_t row,
                                         const int32_t rows, int32_t first, const int32_t registers) {
  RUNNEL_SET(rnn_int8_rows)(chunk, b, row, rows, first, registers, 1);
}
TILES_ALONE(rnn_finish_int8_tile, 1, 4)

static void RUNNEL_SET(rnn_int8)(const runnel_rnn *layer, int32_t rows, const float *x, int64_t x_stride,
                                 const runnel_state *state, float *y, int64_t y_stride) {
  const RUNNEL_SET(batch) batch = {rows, x, y, x_stride, y_stride, state, NULL, layer->plain};
  RUNNEL_SET(int8_chunk) chunk;
  chunk.layer = layer;
  uint32_t words[RUNNEL_WORDS];
  const int32_t together = RUNNEL_SET(int8_together)(RUNNEL_SET(int8_row_words)(layer->inputs) +
                                                     RUNNEL_SET(int8_row_words)(layer->hidden));
  for (int32_t start = 0; start < rows; start += together) {
    const int32_t here = rows - start < together ? rows - start : together;
    runnel_state of_part;
    const RUNNEL_SET(batch) part = RUNNEL_SET(part_of)(&batch, start, here, &of_part, 0);
    RUNNEL_SET(quantise_chunk)(&chunk, words, &part, layer->inputs, RUNNEL_SET(padded)(layer->hidden), layer->hidden);
    RUNNEL_SET(walk)(&RUNNEL_SET(rnn_int8_tile_tiles), &chunk, &part, layer->hidden, RUNNEL_SET(descending)(&part), 2);
  }
}

// MARK: GRU

IN void RUNNEL_SET(gru_int8_rows)(const RUNNEL_SET(int8_chunk) *chunk, const RUNNEL_SET(batch) *b, int32_t row,
                                  const int32_t rows, int32_t first, const int32_t registers, const int begun) {
  const runnel_gru *layer = chunk->layer;
  INT8_BLOCK(3, layer->inputs, layer->hidden);
  bits of_x[RUNNEL_TILE], of_h[RUNNEL_TILE];
  if (!begun)
    RUNNEL_SET(multiply_int8)(of_x, rows, registers, 3, weights, block_size, 3 * LANES, &chunk->x, row,
                              layer->inputs);
  RUNNEL_SET(multiply_int8)(of_h, rows, registers, 3, weights + of_inputs, block_size, 3 * LANES, &chunk->h, row,
                            layer->hidden);
  for (int32_t p = 0; p < rows * registers; p++) {
    const int32_t r = row + p / registers, at = first + p % registers * LANES;
    const float *bias = layer->bias + at * 4, *scales = layer->scales + at * 6;
    lanes sum[3], n;
    UNROLLED for (int32_t g = 0; g < 3; g++)
      sum[g] = begun ? LOAD(b->x + at * 3 + g * LANES)
                     : RUNNEL_SET(worth)(of_x[p * 3 + g], scales + g * LANES, chunk->x.scale[r],
                                         LOAD(bias + g * LANES));
    n = sum[2];
    sum[2] = LOAD(bias + 3 * LANES);
    UNROLLED for (int32_t g = 0; g < 3; g++)
      sum[g] = RUNNEL_SET(worth)(of_h[p * 3 + g], scales + (3 + g) * LANES, chunk->h.scale[r], sum[g]);
    if (b->plain)
      RUNNEL_SET(gru_units)(layer, plain_gru, b, r, at, sum, n);
    else
      RUNNEL_SET(gru_any_units)(layer, b, r, at, sum, n);
  }
}

IN void RUNNEL_SET(gru_int8_tile)(const void *chunk, const RUNNEL_SET(batch) *b, int32_t row, const int32_t rows,
                                  int32_t first, const int32_t registers) {
  RUNNEL_SET(gru_int8_rows)(chunk, b, row, rows, first, registers, 0);
}
TILES(gru_int8_tile, 4, WIDEST)

IN void RUNNEL_SET(gru_finish_int8_tile)(const void *chunk, const RUNNEL_SET(batch) *b, int32_t row,
                                         const int32_t rows, int32_t first, const int32_t registers) {
  RUNNEL_SET(gru_int8_rows)(chunk, b, row, rows, first, registers, 1);
}
TILES_ALONE(gru_finish_int8_tile, 4, WIDEST)

// With the reset before: x of the chunk are the rows r * h.
IN void RUNNEL_SET(gru_end_int8_tile)(const void *tile, const RUNNEL_SET(batch) *b, int32_t row, const int32_t rows,
                                      int32_t first, const int32_t registers) {
  const RUNNEL_SET(int8_chunk) *chunk = tile;
  const runnel_gru *layer = chunk->layer;
  const int64_t stride = RUNNEL_SET(padded)(layer->hidden);
  INT8_BLOCK(3, layer->inputs, layer->hidden);
  bits sum[RUNNEL_TILE];
  RUNNEL_SET(multiply_int8)(sum, rows, registers, 1, weights + of_inputs + 2 * LANES, block_size, 3 * LANES,
                            &chunk->h, row, layer->hidden);
  for (int32_t p = 0; p < rows * registers; p++) {
    const int32_t r = row + p / registers, at = first + p % registers * LANES;
    const float *earlier = b->scratch + r * 3 * stride + at;
    const lanes n = RUNNEL_SET(worth)(sum[p], layer->scales + at * 6 + 5 * LANES, chunk->h.scale[r], LOAD(earlier));
    RUNNEL_SET(gru_unit)(layer->form, b, stride, r, at, LOAD(earlier + stride), n);
  }
}
TILES(gru_end_int8_tile, 1, 1)

static void RUNNEL_SET(gru_int8)(const runnel_gru *layer, int32_t rows, const float *x, int64_t x_stride,
                                 const runnel_state *state, float *scratch, float *y, int64_t y_stride) {
  const RUNNEL_SET(batch) batch = {rows, x, y, x_stride, y_stride, state, scratch, layer->plain};
  const int64_t stride = RUNNEL_SET(padded)(layer->hidden);
  RUNNEL_SET(int8_chunk) chunk;
  chunk.layer = layer;
  uint32_t words[RUNNEL_WORDS];
  const int32_t together =
      RUNNEL_SET(int8_together)(RUNNEL_SET(int8_row_words)(layer->inputs) + RUNNEL_SET(int8_row_words)(layer->hidden));
  for (int32_t start = 0; start < rows; start += together) {
    const int32_t here = rows - start < together ? rows - start : together;
    runnel_state of_part;
    const RUNNEL_SET(batch) part = RUNNEL_SET(part_of)(&batch, start, here, &of_part, 3 * stride);
    RUNNEL_SET(quantise_chunk)(&chunk, words, &part, layer->inputs, stride, layer->hidden);
    RUNNEL_SET(walk)(&RUNNEL_SET(gru_int8_tile_tiles), &chunk, &part, layer->hidden, RUNNEL_SET(descending)(&part), 0);
    if (!layer->form.reset_before) continue;
    RUNNEL_SET(quantise)(&chunk.h, words, here, part.scratch + 2 * stride, 3 * stride, NULL, layer->hidden);
    RUNNEL_SET(walk)(&RUNNEL_SET(gru_end_int8_tile_tiles), &chunk, &part, layer->hidden, 0, 0);
  }
}

// MARK: LSTM

IN void RUNNEL_SET(lstm_int8_rows)(const RUNNEL_SET(int8_chunk) *chunk, const int32_t gates,
                                   const RUNNEL_SET(batch) *b, int32_t row, const int32_t rows, int32_t first,
                                   const int32_t registers, const int begun) {
  const runnel_lstm *layer = chunk->layer;
  const int32_t carried = layer->form.projected ? layer->projection.outputs : layer->hidden;
  INT8_BLOCK(gates, layer->inputs, carried);
  bits of_x[RUNNEL_TILE], of_h[RUNNEL_TILE];
  if (!begun)
    RUNNEL_SET(multiply_int8)(of_x, rows, registers, gates, weights, block_size, gates * LANES, &chunk->x, row,
                              layer->inputs);
  RUNNEL_SET(multiply_int8)(of_h, rows, registers, gates, weights + of_inputs, block_size, gates * LANES, &chunk->h,
                            row, carried);
  for (int32_t p = 0; p < rows * registers; p++) {
    const int32_t r = row + p / registers, at = first + p % registers * LANES;
    const float *bias = layer->bias + at * gates, *scales = layer->scales + at * 2 * gates;
    lanes sum[4];
    UNROLLED for (int32_t g = 0; g < gates; g++) {
      sum[g] = begun ? LOAD(b->x + at * gates + g * LANES)
                     : RUNNEL_SET(worth)(of_x[p * gates + g], scales + g * LANES, chunk->x.scale[r],
                                         LOAD(bias + g * LANES));
      sum[g] = RUNNEL_SET(worth)(of_h[p * gates + g], scales + (gates + g) * LANES, chunk->h.scale[r], sum[g]);
    }
    if (gates == 4 && b->plain)
      RUNNEL_SET(lstm_units)(layer, plain_lstm, 4, b, r, at, sum);
    else
      RUNNEL_SET(lstm_any_units)(layer, gates, b, r, at, sum);
  }
}

#define LSTM(gates)                                                                                               \
  IN void RUNNEL_SET(lstm##gates##_int8_tile)(const void *chunk, const RUNNEL_SET(batch) *b, int32_t row,         \
                                              const int32_t rows, int32_t first, const int32_t registers) {       \
    RUNNEL_SET(lstm_int8_rows)(chunk, gates, b, row, rows, first, registers, 0);                                  \
  }                                                                                                               \
  TILES(lstm##gates##_int8_tile, 4, gates == 4 ? WIDEST : 1)                                                      \
  IN void RUNNEL_SET(lstm_finish##gates##_int8_tile)(const void *chunk, const RUNNEL_SET(batch) *b, int32_t row,  \
                                                     const int32_t rows, int32_t first, const int32_t registers) {\
    RUNNEL_SET(lstm_int8_rows)(chunk, gates, b, row, rows, first, registers, 1);                                  \
  }                                                                                                               \
  TILES_ALONE(lstm_finish##gates##_int8_tile, 4, gates == 4 ? WIDEST : 1)
LSTM(3) LSTM(4)
#undef LSTM

static void RUNNEL_SET(lstm_int8)(const runnel_lstm *layer, int32_t rows, const float *x, int64_t x_stride,
                                  const runnel_state *state, float *scratch, float *y, int64_t y_stride) {
  const RUNNEL_SET(batch) batch = {rows, x, y, x_stride, y_stride, state, scratch, layer->plain};
  const int32_t carried = layer->form.projected ? layer->projection.outputs : layer->hidden;
  RUNNEL_SET(int8_chunk) chunk;
  chunk.layer = layer;
  uint32_t words[RUNNEL_WORDS];
  const int32_t together =
      RUNNEL_SET(int8_together)(RUNNEL_SET(int8_row_words)(layer->inputs) + RUNNEL_SET(int8_row_words)(carried));
  const RUNNEL_SET(tiles) *tiles = layer->form.coupling == RUNNEL_UNCOUPLED ? &RUNNEL_SET(lstm4_int8_tile_tiles)
                                                                            : &RUNNEL_SET(lstm3_int8_tile_tiles);
  for (int32_t start = 0; start < rows; start += together) {
    const int32_t here = rows - start < together ? rows - start : together;
    runnel_state of_part;
    const RUNNEL_SET(batch) part =
        RUNNEL_SET(part_of)(&batch, start, here, &of_part, RUNNEL_SET(padded)(layer->hidden));
    RUNNEL_SET(quantise_chunk)(&chunk, words, &part, layer->inputs, RUNNEL_SET(padded)(carried), carried);
    RUNNEL_SET(walk)(tiles, &chunk, &part, layer->hidden, RUNNEL_SET(descending)(&part), 0);
  }
  if (!layer->form.projected) return;
  RUNNEL_SET(linear_int8)(&layer->projection, rows, scratch, RUNNEL_SET(padded)(layer->hidden), no_activation, y,
                          y_stride);
  RUNNEL_SET(put_projected)(layer, &batch);
}

// A row is quantised first, so no tile takes it alone.
static void RUNNEL_SET(prepare_rnn_int8)(runnel_rnn *layer) { layer->plain = rnn_is_plain(layer); }

static void RUNNEL_SET(prepare_gru_int8)(runnel_gru *layer) { layer->plain = gru_is_plain(&layer->form); }

static void RUNNEL_SET(prepare_lstm_int8)(runnel_lstm *layer) { layer->plain = lstm_is_plain(&layer->form); }
