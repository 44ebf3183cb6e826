// The sums of a cell as far as no old unit enters them: bias, then inputs. Frames that are there already are begun
// together, as a matrix product that reads W once; the steps then go on from their sums and read R alone. The chain is
// the same, so the bits are.

// What the cells have in common here.
typedef struct {
  int32_t inputs, carried, hidden;
  const float *weights, *bias, *scales;
  int32_t biases;  // of a unit; a GRU has one more than gates
  int32_t precision;
} RUNNEL_SET(beginning);

IN RUNNEL_SET(beginning) RUNNEL_SET(beginning_of_rnn)(const runnel_rnn *layer) {
  return (RUNNEL_SET(beginning)){layer->inputs, layer->hidden, layer->hidden, layer->weights,
                                 layer->bias,   layer->scales, 1,             layer->precision};
}

IN RUNNEL_SET(beginning) RUNNEL_SET(beginning_of_gru)(const runnel_gru *layer) {
  return (RUNNEL_SET(beginning)){layer->inputs, layer->hidden, layer->hidden, layer->weights,
                                 layer->bias,   layer->scales, 4,             layer->precision};
}

IN RUNNEL_SET(beginning) RUNNEL_SET(beginning_of_lstm)(const runnel_lstm *layer) {
  const int32_t carried = layer->form.projected ? layer->projection.outputs : layer->hidden;
  return (RUNNEL_SET(beginning)){layer->inputs, carried,       layer->hidden,
                                 layer->weights, layer->bias,  layer->scales,
                                 layer->form.coupling == RUNNEL_UNCOUPLED ? 4 : 3, layer->precision};
}

// y (rows, (blocks, gates, LANES))
IN void RUNNEL_SET(begin_rows)(const RUNNEL_SET(beginning) *layer, const RUNNEL_SET(batch) *b, int32_t row,
                               const int32_t rows, int32_t first, const int32_t registers, const int32_t gates,
                               const int32_t precision) {
  const int64_t words = RUNNEL_SET(words)(precision, layer->inputs) + RUNNEL_SET(words)(precision, layer->carried);
  const int64_t block_size = gates * words * LANES;
  const float *weights = layer->weights + first * (block_size / LANES);
  const float *bias = layer->bias + first * layer->biases, *x[RUNNEL_ROWS];
  const int32_t together = RUNNEL_SET(together)(precision, rows, registers, gates);
  UNROLLED for (int32_t r = 0; r < rows; r++) x[r] = b->x + (row + r) * b->x_stride;
  UNROLLED for (int32_t from = 0; from < gates; from += together) {
    const int32_t to = from + together < gates ? from + together : gates;
    lanes sum[RUNNEL_TILE];
    UNROLLED for (int32_t p = 0; p < rows * registers; p++)
      UNROLLED for (int32_t g = from; g < to; g++)
        sum[p * gates + g] = LOAD(bias + (p % registers * layer->biases + g) * LANES);
    RUNNEL_SET(accumulate)(precision, sum, rows, registers, gates, from, to, 1, weights, block_size,
                           gates * LANES, x, layer->inputs);
    UNROLLED for (int32_t p = 0; p < rows * registers; p++) {
      float *y = b->y + (row + p / registers) * b->y_stride + (first + p % registers * LANES) * gates;
      UNROLLED for (int32_t g = from; g < to; g++) STORE(y + g * LANES, sum[p * gates + g]);
    }
  }
}

#define BEGIN(gates, name, precision)                                                                                \
  IN void RUNNEL_SET(begin##gates##_##name)(const void *layer, const RUNNEL_SET(batch) * b, int32_t row,             \
                                            const int32_t rows, int32_t first, const int32_t registers) {            \
    RUNNEL_SET(begin_rows)(layer, b, row, rows, first, registers, gates, precision);                                 \
  }                                                                                                                  \
  TILES(begin##gates##_##name, gates, gates == 1 ? 4 : WIDEST)
BEGIN(1, f32, RUNNEL_FLOAT32) BEGIN(3, f32, RUNNEL_FLOAT32) BEGIN(4, f32, RUNNEL_FLOAT32)
BEGIN(1, bf16, RUNNEL_BF16) BEGIN(3, bf16, RUNNEL_BF16) BEGIN(4, bf16, RUNNEL_BF16)
#undef BEGIN

static void RUNNEL_SET(begin)(const RUNNEL_SET(beginning) layer, int32_t gates, int32_t rows, const float *x,
                              int64_t x_stride, float *sums, int64_t sums_stride) {
  const RUNNEL_SET(batch) batch = {rows, x, sums, x_stride, sums_stride, NULL, NULL, 0};
  RUNNEL_SET(walk)(gates == 4   ? HALF(begin4, layer.precision)
                   : gates == 3 ? HALF(begin3, layer.precision)
                                : HALF(begin1, layer.precision), &layer, &batch, layer.hidden, 0, 2);
}

static void RUNNEL_SET(rnn_begin)(const runnel_rnn *layer, int32_t rows, const float *x, int64_t x_stride, float *sums,
                                  int64_t sums_stride) {
  RUNNEL_SET(begin)(RUNNEL_SET(beginning_of_rnn)(layer), 1, rows, x, x_stride, sums, sums_stride);
}

static void RUNNEL_SET(gru_begin)(const runnel_gru *layer, int32_t rows, const float *x, int64_t x_stride, float *sums,
                                  int64_t sums_stride) {
  RUNNEL_SET(begin)(RUNNEL_SET(beginning_of_gru)(layer), 3, rows, x, x_stride, sums, sums_stride);
}

static void RUNNEL_SET(lstm_begin)(const runnel_lstm *layer, int32_t rows, const float *x, int64_t x_stride,
                                   float *sums, int64_t sums_stride) {
  const RUNNEL_SET(beginning) all = RUNNEL_SET(beginning_of_lstm)(layer);
  RUNNEL_SET(begin)(all, all.biases, rows, x, x_stride, sums, sums_stride);
}
