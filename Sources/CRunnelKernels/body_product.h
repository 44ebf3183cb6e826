// Rows of features times the weights: where the time goes.
//
// Weights lie in panels: the outputs of a block side by side, for one k after the other, (K, 16). A tile is R rows times
// P panels; its sums stay in registers while k runs once over the panels. The tiles of a panel follow each other, so
// that for a large batch it comes from the nearest cache. Every sum is one chain in ascending k whatever the tile, so
// the tile enters no bit.

// sum[row][panel] of `count` more features. rows, panels: constants. x (rows, x_stride), weights (panels, panel_size).
IN void RUNNEL_SET(accumulate)(lanes *sum, const int32_t rows, const int32_t panels, const float *weights,
                               int64_t panel_size, const float *x, int64_t x_stride, int64_t count) {
  for (int64_t k = 0; k < count; k++, weights += LANES) {
    lanes weight[4];
    UNROLLED for (int32_t p = 0; p < panels; p++) weight[p] = LOAD(weights + p * panel_size);
    UNROLLED for (int32_t row = 0; row < rows; row++) {
      const lanes feature = SPLAT(x[row * x_stride + k]);
      UNROLLED for (int32_t p = 0; p < panels; p++)
        sum[row * panels + p] = FMA(feature, weight[p], sum[row * panels + p]);
    }
  }
}

// Floats from row to row of the sums: four panels.
#define SUMS (4 * LANES)

// `count` features of each row times panels.
typedef struct {
  const float *weights;
  int64_t panel_size;  // floats from panel to panel
  const float *x;
  int64_t x_stride;
  int64_t count;
  const float *begin;    // what the sums begin with: a block for each panel
  int64_t begin_stride;  // from row to row; 0: biases, which all rows share
  float *out;            // a block for each panel, rows SUMS apart
} RUNNEL_SET(product);

IN void RUNNEL_SET(tile)(const RUNNEL_SET(product) *of, const int32_t rows, const int32_t panels, int32_t row,
                         int32_t panel) {
  const float *begin = of->begin + row * of->begin_stride + panel * LANES;
  float *out = of->out + (int64_t)row * SUMS + panel * LANES;
  lanes sum[24];
  UNROLLED for (int32_t r = 0; r < rows; r++)
    UNROLLED for (int32_t p = 0; p < panels; p++) sum[r * panels + p] = LOAD(begin + r * of->begin_stride + p * LANES);
  RUNNEL_SET(accumulate)(sum, rows, panels, of->weights + panel * of->panel_size, of->panel_size,
                         of->x + row * of->x_stride, of->x_stride, of->count);
  UNROLLED for (int32_t r = 0; r < rows; r++)
    UNROLLED for (int32_t p = 0; p < panels; p++) STORE(out + r * SUMS + p * LANES, sum[r * panels + p]);
}

#define TILE(rows, panels)                                                                                      \
  static __attribute__((noinline, unused)) void RUNNEL_SET(tile_##rows##_##panels)(const RUNNEL_SET(product) * of,      \
                                                                           int32_t row, int32_t panel) {        \
    RUNNEL_SET(tile)(of, rows, panels, row, panel);                                                             \
  }
#define TILES(rows) TILE(rows, 1) TILE(rows, 2) TILE(rows, 4)
TILES(1) TILES(2) TILES(3) TILES(4) TILES(5) TILES(6)
#undef TILES
#undef TILE

#define TILES(rows)                                                        \
  case rows * 8 + 1: RUNNEL_SET(tile_##rows##_1)(of, row, panel); break;   \
  case rows * 8 + 2: RUNNEL_SET(tile_##rows##_2)(of, row, panel); break;   \
  case rows * 8 + 4: RUNNEL_SET(tile_##rows##_4)(of, row, panel); break;

// Twelve registers of sums where there are sixteen, 24 where there are 32. Sixes, and at the end fours and fives in
// place of a small rest.
static void RUNNEL_SET(multiply_rows)(const RUNNEL_SET(product) *of, int32_t rows, int32_t panels) {
  for (int32_t panel = 0; panel < panels;) {
    const int32_t most = MANY_REGISTERS || rows == 1 ? 4 : rows <= 3 ? 2 : 1;
    const int32_t left = panels - panel, here = left >= most ? most : left >= 2 && most >= 2 ? 2 : 1;
    for (int32_t row = 0, tile; row < rows; row += tile) {
      const int32_t rest = rows - row;
      tile = rest >= 10 || rest == 6 ? 6 : rest >= 9 || rest == 5 ? 5 : rest >= 4 ? 4 : rest;
      if (!MANY_REGISTERS && rest == 3) tile = 2;
      switch (tile * 8 + here) {
        TILES(1)
        TILES(2)
        TILES(3)
#if !MANY_REGISTERS
        case 33: RUNNEL_SET(tile_4_1)(of, row, panel); break;
        case 41: RUNNEL_SET(tile_5_1)(of, row, panel); break;
        case 49: RUNNEL_SET(tile_6_1)(of, row, panel); break;
#else
        TILES(4)
        TILES(5)
        TILES(6)
#endif
        default: __builtin_unreachable();
      }
    }
    panel += here;
  }
}
#undef TILES

// MARK: rows side by side

// What a chunk of rows needs while it is computed: its features one row after the other, and the sums of four panels.
typedef struct {
  float sums[RUNNEL_CHUNK * SUMS];
  float features[RUNNEL_FEATURES];
} RUNNEL_SET(desk);

// How many rows of `count` features are computed together: whole sixes where they fit. 0: not even two.
IN int32_t RUNNEL_SET(chunk)(int64_t count) {
  const int64_t fit = RUNNEL_FEATURES / (count > 0 ? count : 1);
  if (fit < 2) return 0;
  return (int32_t)(fit >= RUNNEL_CHUNK ? RUNNEL_CHUNK : fit < 6 ? fit : fit / 6 * 6);
}

// Few are copied as they are: a call costs more.
IN void RUNNEL_SET(copy)(float *to, const float *from, int64_t count) {
  int64_t k = 0;
  for (; k + 8 <= count; k += 8) __builtin_memcpy(to + k, from + k, 8 * sizeof(float));
  for (; k < count; k++) to[k] = from[k];
}
