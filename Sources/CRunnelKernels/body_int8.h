// Rows as int8: how one is quantised, and its product with the weights, which int32 holds exactly.

#include "body_int8_product.h"

// Sums are computed modulo 2^32, so what they are in between does not matter: at last they are at most
// 127 * 127 * RUNNEL_INT8_COLUMNS in size, an eighth of what an int32 holds.
_Static_assert(127LL * 127 * RUNNEL_INT8_COLUMNS <= INT32_MAX, "sums of int8 are exact");
_Static_assert(2 * 2 * RUNNEL_INT8_COLUMNS / 4 <= RUNNEL_WORDS, "features and units of a row fit as pairs of 16 bits");

// MARK: rows

// A chunk of rows, quantised.
typedef struct {
  const uint32_t *words[RUNNEL_CHUNK];
  float scale[RUNNEL_CHUNK];
} RUNNEL_SET(int8_rows);

// Words of a quantised row of so many features.
IN int64_t RUNNEL_SET(int8_row_words)(int64_t count) {
  return RUNNEL_SET(padded)((int32_t)count) / 4 * RUNNEL_SET(int8_words);
}

// Integers of -127...127: a block of them, and the four or fewer that are left.
IN void RUNNEL_SET(put_int8)(uint32_t *words, bits q) {
#if INT8_PRODUCT == INT8_PAIRS
  typedef int16_t narrow __attribute__((ext_vector_type(LANES)));
  const narrow in_turn = __builtin_convertvector((whole)q, narrow);
  const narrow all =
      __builtin_shufflevector(in_turn, in_turn, 0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
#else
  typedef uint8_t narrow __attribute__((ext_vector_type(LANES)));
  const narrow all = __builtin_convertvector(INT8_PRODUCT == INT8_VNNI ? q + 128u : q, narrow);
#endif
  __builtin_memcpy(words, &all, sizeof all);
}

IN void RUNNEL_SET(put_four_int8)(uint32_t *words, const uint32_t *q) {
#if INT8_PRODUCT == INT8_PAIRS
  words[0] = (q[0] & 0xffffu) | q[2] << 16;
  words[1] = (q[1] & 0xffffu) | q[3] << 16;
#else
  const uint32_t all = (q[0] & 0xffu) | (q[1] & 0xffu) << 8 | (q[2] & 0xffu) << 16 | q[3] << 24;
  words[0] = INT8_PRODUCT == INT8_VNNI ? all ^ 0x80808080u : all;  // q + 128, modulo 256
#endif
}

// The largest size of a row, as its bits: those of floats that are not negative have their order, NaN comes last.
IN uint32_t RUNNEL_SET(largest_size)(const float *x, int64_t count) {
  bits sizes = (bits)(0u);
  int64_t k = 0;
  for (; k + LANES <= count; k += LANES)
    sizes = __builtin_elementwise_max(sizes, (bits)RUNNEL_SET(magnitude)(LOAD(x + k)));
  uint32_t largest = k > 0 ? __builtin_reduce_max(sizes) : 0;
  for (; k < count; k++) {
    uint32_t size;
    __builtin_memcpy(&size, x + k, sizeof size);
    size &= 0x7fffffffu;
    largest = size > largest ? size : largest;
  }
  return largest;
}

// The integers of a row. Adding `magic` rounds to one, which then stands in the low bits.
IN void RUNNEL_SET(quantise_row)(const float *x, int64_t count, float factor, uint32_t *words) {
  const float magic = 0x1.8p23f;
  int64_t k = 0;
  for (; k + LANES <= count; k += LANES, words += LANES / 4 * RUNNEL_SET(int8_words))
    RUNNEL_SET(put_int8)(words, (bits)FMA(LOAD(x + k), SPLAT(factor), SPLAT(magic)) - (bits)SPLAT(magic));
  for (; k < count; k += 4, words += RUNNEL_SET(int8_words)) {
    uint32_t q[4] = {0}, zero;
    __builtin_memcpy(&zero, &magic, sizeof zero);
    for (int64_t from = k; from < k + 4 && from < count; from++) {
      const float shifted = __builtin_fmaf(x[from], factor, magic);
      __builtin_memcpy(q + from - k, &shifted, sizeof shifted);
      q[from - k] -= zero;
    }
    RUNNEL_SET(put_four_int8)(words, q);
  }
}

// Rows of a chunk as the header says; row r lies at at[r], or at r where that is NULL. In three rounds, because for one row
// alone each waits for the one before.
static void RUNNEL_SET(quantise)(RUNNEL_SET(int8_rows) *to, uint32_t *words, int32_t rows, const float *x,
                                 int64_t stride, const int32_t *at, int64_t count) {
  uint32_t sizes[RUNNEL_CHUNK];
  float factors[RUNNEL_CHUNK];
  for (int32_t row = 0; row < rows; row++)
    sizes[row] = RUNNEL_SET(largest_size)(x + (at ? at[row] : row) * stride, count);
  for (int32_t row = 0; row < rows; row += LANES) {
    const lanes size = LOAD((const float *)sizes + row);
    const whole isNothing = size < 0x1p-119f, isFinite = size < INFINITY;
    STORE(factors + row, SELECT(isNothing, SPLAT(0.0f), 127.0f / size));
    STORE(to->scale + row, SELECT(isFinite, SELECT(isNothing, SPLAT(0.0f), size / 127.0f), SPLAT(NAN)));
  }
  for (int32_t row = 0; row < rows; row++, words += RUNNEL_SET(int8_row_words)(count)) {
    to->words[row] = words;
    RUNNEL_SET(quantise_row)(x + (at ? at[row] : row) * stride, count, factors[row], words);
  }
}

// MARK: the product

// Words of the weights of `count` features of one output: the first tells what VNNI begins with.
IN int64_t RUNNEL_SET(int8_weight_words)(int64_t count) { return 1 + (count + 3) / 4; }

// down[row][register][gate] = sum of all features of the rows; weights (blocks, block_size) words, the gates LANES apart.
// What is read later at an index that is no constant lies in memory, while the sums stay in registers.
IN void RUNNEL_SET(multiply_int8)(bits *down, const int32_t rows, const int32_t registers, const int32_t gates,
                                  const uint32_t *weights, int64_t block_size, const int32_t stride,
                                  const RUNNEL_SET(int8_rows) *x, int32_t row, int64_t count) {
  const int32_t together = rows * registers * gates <= SUMS && (MANY || rows <= 2) ? gates : 1;
  const int64_t end = (count + 3) / 4;
  const uint32_t *words[RUNNEL_ROWS];
  bits sum[RUNNEL_TILE];
  UNROLLED for (int32_t r = 0; r < rows; r++) words[r] = x->words[row + r];
  UNROLLED for (int32_t gate = 0; gate < gates; gate += together) {
    const uint32_t *w = weights;
    UNROLLED for (int32_t g = gate; g < gate + together; g++)
      UNROLLED for (int32_t v = 0; v < registers; v++) {
        const bits begin = (bits)LOAD((const float *)(w + v * block_size + g * LANES));
        UNROLLED for (int32_t r = 0; r < rows; r++)
          sum[(r * registers + v) * gates + g] = INT8_PRODUCT == INT8_VNNI ? begin : (bits)(0u);
      }
    w += stride;
    for (int64_t k = 0; k < end; k++, w += stride)
      UNROLLED for (int32_t g = gate; g < gate + together; g++)
        UNROLLED for (int32_t v = 0; v < registers; v++) {
          const RUNNEL_SET(int8_weights) wide =
              RUNNEL_SET(int8_widened)((bits)LOAD((const float *)(w + v * block_size + g * LANES)));
          UNROLLED for (int32_t r = 0; r < rows; r++) {
            bits *s = sum + (r * registers + v) * gates + g;
            *s = RUNNEL_SET(int8_product)(*s, wide, words[r] + k * RUNNEL_SET(int8_words));
          }
        }
  }
  UNROLLED for (int32_t p = 0; p < rows * registers * gates; p++) down[p] = sum[p];
}

// What an exact sum is worth, added to `before`.
IN lanes RUNNEL_SET(worth)(bits sum, const float *weight_scale, float row_scale, lanes before) {
  return FMA(__builtin_convertvector((whole)sum, lanes) * LOAD(weight_scale), SPLAT(row_scale), before);
}
