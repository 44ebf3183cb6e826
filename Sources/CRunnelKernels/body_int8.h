// Rows and weights as int8: how a row is quantised, and its product with the weights, which int32 holds exactly.

// Sums are computed modulo 2^32, so what they are in between does not matter: at last they are at most
// 127 * 127 * RUNNEL_INT8_COLUMNS in size, an eighth of what an int32 holds.
_Static_assert(127LL * 127 * RUNNEL_INT8_COLUMNS <= INT32_MAX, "sums of int8 are exact");
_Static_assert(2 * 2 * RUNNEL_INT8_COLUMNS / 4 <= RUNNEL_WORDS, "features and units of a row fit as pairs of 16 bits");

// The product of four features of a row, which stand in int8_words words, with four weights of each output.
#if INT8_PRODUCT == INT8_PLAIN

enum { RUNNEL_SET(int8_words) = 1 };
typedef bits RUNNEL_SET(int8_weights);

IN RUNNEL_SET(int8_weights) RUNNEL_SET(int8_widened)(bits w) { return w; }

IN bits RUNNEL_SET(int8_product)(bits sum, RUNNEL_SET(int8_weights) w, const uint32_t *x) {
  for (int32_t k = 0; k < 32; k += 8) sum += (bits)((whole)(w << (24 - k)) >> 24) * (uint32_t)(int8_t)(x[0] >> k);
  return sum;
}

#elif INT8_PRODUCT == INT8_VNNI

// vpdpbusd, which does not saturate (vpdpbusds would), takes features as q + 128: so a sum begins with -128 times the sum
// of its weights.
enum { RUNNEL_SET(int8_words) = 1 };
typedef bits RUNNEL_SET(int8_weights);

IN RUNNEL_SET(int8_weights) RUNNEL_SET(int8_widened)(bits w) { return w; }

IN bits RUNNEL_SET(int8_product)(bits sum, RUNNEL_SET(int8_weights) w, const uint32_t *x) {
  typedef int32_t sixteen __attribute__((vector_size(64)));
  return (bits)__builtin_ia32_vpdpbusd512((sixteen)sum, (sixteen)(bits)(x[0]), (sixteen)w);
}

#elif INT8_PRODUCT == INT8_PAIRS

// pmaddwd: two products of 16 bits each, whose sum fits into 32. Features 0 and 2 stand in one word, 1 and 3 in the next.
enum { RUNNEL_SET(int8_words) = 2 };
typedef int16_t RUNNEL_SET(halves) __attribute__((ext_vector_type(2 * LANES)));
typedef struct {
  RUNNEL_SET(halves) even, odd;
} RUNNEL_SET(int8_weights);

IN RUNNEL_SET(int8_weights) RUNNEL_SET(int8_widened)(bits w) {
  const RUNNEL_SET(halves) all = (RUNNEL_SET(halves))w;
  return (RUNNEL_SET(int8_weights)){all << 8 >> 8, all >> 8};
}

IN bits RUNNEL_SET(pair_product)(RUNNEL_SET(halves) w, uint32_t x) {
  typedef int32_t eight __attribute__((vector_size(32)));
  typedef int16_t sixteen __attribute__((vector_size(32)));
  const bits all = (bits)(x);
  sixteen of_w[2], of_x[2];
  __builtin_memcpy(of_w, &w, sizeof w);
  __builtin_memcpy(of_x, &all, sizeof all);
  const eight two[2] = {(eight)__builtin_ia32_pmaddwd256(of_w[0], of_x[0]),
                        (eight)__builtin_ia32_pmaddwd256(of_w[1], of_x[1])};
  bits sum;
  __builtin_memcpy(&sum, two, sizeof sum);
  return sum;
}

IN bits RUNNEL_SET(int8_product)(bits sum, RUNNEL_SET(int8_weights) w, const uint32_t *x) {
  return sum + RUNNEL_SET(pair_product)(w.even, x[0]) + RUNNEL_SET(pair_product)(w.odd, x[1]);
}

#else

// NEON: sdot where the processor has it. Without, products of 8 bits are 16129 at most, and two of them fit into 16.
enum { RUNNEL_SET(int8_words) = 1 };
typedef struct {
  int8x16_t each[4];
} RUNNEL_SET(int8_weights);

IN RUNNEL_SET(int8_weights) RUNNEL_SET(int8_widened)(bits w) {
  RUNNEL_SET(int8_weights) all;
  __builtin_memcpy(&all, &w, sizeof w);
  return all;
}

IN bits RUNNEL_SET(int8_product)(bits sum, RUNNEL_SET(int8_weights) w, const uint32_t *x) {
  int32x4_t sums[4];
  __builtin_memcpy(sums, &sum, sizeof sum);
  const int8x16_t all = vreinterpretq_s8_u32(vdupq_n_u32(x[0]));
  UNROLLED for (int32_t four = 0; four < 4; four++) {
#if INT8_PRODUCT == INT8_SDOT
    sums[four] = vdotq_s32(sums[four], w.each[four], all);
#else
    const int16x8_t low = vmull_s8(vget_low_s8(w.each[four]), vget_low_s8(all));
    const int16x8_t high = vmull_high_s8(w.each[four], all);
    sums[four] = vpadalq_s16(sums[four], vpaddq_s16(low, high));
#endif
  }
  __builtin_memcpy(&sum, sums, sizeof sum);
  return sum;
}

#endif

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

// Rows of a chunk as the header says; row r lies at at[r], or at r where that is NULL. In three rounds, because of one row
// each step waits for the one before.
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
