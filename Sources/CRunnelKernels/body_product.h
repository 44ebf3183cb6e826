// Rows of features times the weights: where the time goes.
//
// A tile is R rows times V blocks of outputs, of every gate. Its sums stay in registers while k runs once over the
// weights, and what the sums are for follows at once. The tiles of a block follow each other, so that for a large batch
// it comes from the nearest cache. Every sum has its own order whatever the tile, so the tile enters no bit.

// A set with MANY registers makes all parts of a tile at once, 24 sums. The others have fewer and make one part, or for
// few rows two or three, after the other.
#define MANY (SUMS >= 24)
#define ROWS (SUMS < RUNNEL_ROWS ? SUMS : RUNNEL_ROWS)
#define WIDEST (MANY ? 2 : 1)

// bf16 weights of a row alone, where the compiler needs to be told: a word is widened and used before the next is read.
// With many registers it reads ahead until none is left, unless it is told of another w; with few it lets a sum go where
// a widened weight was, from register to register and through memory, unless that is needed afterwards.
#if MANY
#define WORD_BY_WORD 1
#define USED(w, one, two) __asm__ volatile("" : "+r"(w));
#elif defined(__x86_64__) && SUMS > 1
#define WORD_BY_WORD 1
#define USED(w, one, two) \
  __asm__ volatile("" : : "x"((one).lo), "x"((one).hi), "x"((two).lo), "x"((two).hi));
#else
#define WORD_BY_WORD 0
#define USED(w, one, two)
#endif

// Whether a tile is made that has so many sums for each row and register.
#define FITS(sums, rows, registers) \
  ((rows) * (registers) * (MANY ? (sums) : 1) <= SUMS && ((rows) <= 2 || (registers) == 1 || MANY))

// Words of the weights of `count` features of one output.
IN int64_t RUNNEL_SET(words)(const int32_t precision, int64_t count) {
  return precision == RUNNEL_BF16 ? (count + 1) / 2 : count;
}

// The weights of feature c of those that begin at w, `stride` words from one to the next; of bf16 two of them, the
// earlier in the low half, are in one word.
IN lanes RUNNEL_SET(weight)(const int32_t precision, const float *w, const int32_t stride, const int32_t c,
                            const int32_t rows) {
  if (precision != RUNNEL_BF16) return LOAD(w + c * stride);
#if MANY
  // Many rows leave no register to keep the word in, so its upper half is read once more; few rows wait for reading.
  if (c % 2 && rows > 2) {
    typedef int16_t halves __attribute__((vector_size(4 * LANES)));
    return (lanes)__builtin_ia32_loaddquhi512_mask((const halves *)(w + c / 2 * stride), (halves){0}, 0xaaaaaaaau);
  }
#else
  (void)rows;
#endif
  const bits pair = (bits)LOAD(w + c / 2 * stride);
  return (lanes)(c % 2 ? pair & 0xffff0000u : pair << 16);
}

// Feature k + c more, of the parts `from` to `to`.
IN void RUNNEL_SET(accumulate_one)(const int32_t precision, lanes *sum, const int32_t rows, const int32_t registers,
                                   const int32_t parts, const int32_t from, const int32_t to, const int chained,
                                   const float *w, int64_t block_size, const int32_t stride, const float *const *x,
                                   int64_t k, const int32_t c) {
  // Where registers are few, the words of one half are not to be kept for the other: the compiler is told another w.
  if (precision == RUNNEL_BF16 && (MANY ? rows * registers > rows && rows > 2 : rows <= 2))
    __asm__ volatile("" : "+r"(w));
  UNROLLED for (int32_t p = from; p < to; p++)
    UNROLLED for (int32_t v = 0; v < registers; v++) {
      // Nor are the features of three rows: twelve sums leave no register. They are read anew, of another k.
      if (!MANY && precision == RUNNEL_FLOAT32 && rows == 3) __asm__ volatile("" : "+r"(k));
      const float *of_part = w + v * block_size + (chained ? 0 : p * LANES);
      const lanes weight = RUNNEL_SET(weight)(precision, of_part, stride, c, rows);
      UNROLLED for (int32_t row = 0; row < rows; row++) {
        lanes *s = sum + (row * registers + v) * parts + p;
        *s = FMA(SPLAT(x[row][k + c]), weight, *s);
      }
    }
}

// How many parts of each sum are summed at a time, while k runs once: all in a set with many registers. In the others one,
// or as many as there are registers for where rows are few, because one part of few rows has too few chains to keep
// the multipliers busy, or would read too much for what it multiplies.
IN int32_t RUNNEL_SET(together)(const int32_t precision, const int32_t rows, const int32_t registers,
                                const int32_t parts) {
  const int32_t sums = rows * registers, fit = precision == RUNNEL_BF16 && !MANY ? SUMS - 2 : SUMS;
  if (!MANY && rows > (precision == RUNNEL_FLOAT32 && parts > 1 ? 3 : 2)) return 1;
  return sums * parts <= fit ? parts : sums * 2 <= fit && parts > 2 ? 2 : 1;
}

// sum[row][register][part] of `count` more features, of the parts `from` to `to`; all but count and block_size are
// constants. The parts of a sum are its gates, which all see every feature, or `chains` of one gate, of which chain c
// sees features c, c + chains, … weights (blocks, block_size): of one k, or of two as bf16, `stride` words, the gates
// LANES apart; x[row] (count)
IN void RUNNEL_SET(accumulate)(const int32_t precision, lanes *sum, const int32_t rows, const int32_t registers,
                               const int32_t parts, const int32_t from, const int32_t to, const int32_t chains,
                               const float *weights, int64_t block_size, const int32_t stride, const float *const *x,
                               int64_t count) {
  const int32_t chained = chains > 1;
  const int32_t step = chained ? chains : precision == RUNNEL_BF16 ? 2 : 1;
  const float *w = weights;
  int64_t k = 0;
  if (precision == RUNNEL_BF16 && !chained && rows == 1 && WORD_BY_WORD) {
    for (; k + step <= count; k += step, w += RUNNEL_SET(words)(precision, step) * stride) {
      const lanes x0 = SPLAT(x[0][k]), x1 = SPLAT(x[0][k + 1]);
      UNROLLED for (int32_t p = from; p < to; p++)
        UNROLLED for (int32_t v = 0; v < registers; v++) {
          const bits pair = (bits)LOAD(w + v * block_size + p * LANES);
          const lanes one = (lanes)(pair << 16), two = (lanes)(pair & 0xffff0000u);
          lanes *s = sum + v * parts + p;
          *s = FMA(x1, two, FMA(x0, one, *s));
          USED(w, one, two)
        }
      USED(w, x0, x1)
    }
  } else {
    for (; k + step <= count; k += step, w += RUNNEL_SET(words)(precision, step) * stride)
      UNROLLED for (int32_t c = 0; c < step; c++)
        if (!chained || (c >= from && c < to))
          RUNNEL_SET(accumulate_one)(precision, sum, rows, registers, parts, chained ? c : from, chained ? c + 1 : to,
                                     chained, w, block_size, stride, x, k, c);
  }
  UNROLLED for (int32_t c = 0; c < step - 1; c++)
    if (k + c < count && (!chained || (c >= from && c < to)))
      RUNNEL_SET(accumulate_one)(precision, sum, rows, registers, parts, chained ? c : from, chained ? c + 1 : to,
                                 chained, w, block_size, stride, x, k, c);
}

// Into how many chains a sum of one gate is parted: with few outputs a row alone would wait for each addition.
IN int32_t RUNNEL_SET(chains)(int32_t outputs) { return outputs <= LANES ? 4 : outputs <= 2 * LANES ? 2 : 1; }

// The tiles of a body of one gate, by the chains of so many outputs and by the precision of its weights.
#define CHAINED(name, precision, outputs)                                                                              \
  ((precision) == RUNNEL_BF16 ? PRECISE(name, bf16, RUNNEL_SET(chains)(outputs))                                       \
                              : PRECISE(name, f32, RUNNEL_SET(chains)(outputs)))
#define PRECISE(name, precision, chains)                                                                               \
  ((chains) == 4   ? &RUNNEL_SET(name##4_##precision##_tiles)                                                          \
   : (chains) == 2 ? &RUNNEL_SET(name##2_##precision##_tiles)                                                          \
                   : &RUNNEL_SET(name##1_##precision##_tiles))

// The tiles of a body of several gates.
#define HALF(name, precision) \
  ((precision) == RUNNEL_BF16 ? &RUNNEL_SET(name##_bf16_tiles) : &RUNNEL_SET(name##_f32_tiles))

// sum[row][register] of `count` more features of one gate, in chains.
IN void RUNNEL_SET(accumulate_chained)(const int32_t precision, lanes *sum, const int32_t rows, const int32_t registers,
                                       const int32_t chains, const float *weights, int64_t block_size,
                                       const float *const *x, int64_t count) {
  const int32_t together = RUNNEL_SET(together)(precision, rows, registers, chains), sums = rows * registers;
  lanes chain[RUNNEL_TILE];
  UNROLLED for (int32_t from = 0; from < chains; from += together) {
    const int32_t to = from + together < chains ? from + together : chains;
    UNROLLED for (int32_t p = 0; p < sums; p++)
      UNROLLED for (int32_t c = from; c < to; c++) chain[p * chains + c] = c ? SPLAT(0.0f) : sum[p];
    RUNNEL_SET(accumulate)(precision, chain, rows, registers, chains, from, to, chains, weights,
                           block_size, LANES, x, count);
  }
  UNROLLED for (int32_t p = 0; p < sums; p++) {
    const lanes *of = chain + p * chains;
    sum[p] = chains == 4 ? (of[0] + of[1]) + (of[2] + of[3]) : chains == 2 ? of[0] + of[1] : of[0];
  }
}

// Sums at an index that is no constant: in memory, where the others of the tile stay in registers.
IN void RUNNEL_SET(lay_down)(lanes *down, const lanes *sum, const int32_t count) {
  UNROLLED for (int32_t p = 0; p < count; p++) down[p] = sum[p];
}

// MARK: tiles

// Rows of a batch, and what they read and write. y and its stride, which callers leave on the stack, lie apart: copied
// here as one, they would wait until both stores are done.
typedef struct {
  int32_t rows;
  const float *x;
  float *y;
  int64_t x_stride;
  int64_t y_stride;
  const runnel_state *state;
  float *scratch;
  int32_t plain;  // as the layer says
} RUNNEL_SET(batch);

// Rows from `row` on, outputs from `first` on.
typedef void RUNNEL_SET(tile)(const void *layer, const RUNNEL_SET(batch) *b, int32_t row, int32_t first);
// Of 1, 2 and 4 registers, of each 1...6 rows; NULL where it does not fit.
typedef RUNNEL_SET(tile) *const RUNNEL_SET(tiles)[3][RUNNEL_ROWS];

#define TILE(name, rows, registers)                                                      \
  static __attribute__((noinline, unused)) void RUNNEL_SET(name##_##rows##_##registers)( \
      const void *layer, const RUNNEL_SET(batch) * b, int32_t row, int32_t first) {      \
    RUNNEL_SET(name)(layer, b, row, rows, first, registers);                             \
  }
#define TILE_ROWS(name, registers)                                              \
  TILE(name, 1, registers) TILE(name, 2, registers) TILE(name, 3, registers)    \
  TILE(name, 4, registers) TILE(name, 5, registers) TILE(name, 6, registers)
#define TILE_AT(name, sums, widest, rows, registers) \
  ((registers) <= (widest) && FITS(sums, rows, registers) ? RUNNEL_SET(name##_##rows##_##registers) : NULL)
#define TILES_AT(name, sums, widest, registers)                                                   \
  {TILE_AT(name, sums, widest, 1, registers), TILE_AT(name, sums, widest, 2, registers),          \
   TILE_AT(name, sums, widest, 3, registers), TILE_AT(name, sums, widest, 4, registers),          \
   TILE_AT(name, sums, widest, 5, registers), TILE_AT(name, sums, widest, 6, registers)}
// The tiles of a body that has so many sums for each row and register, and is to take at most `widest` registers.
#define TILES(name, sums, widest)                                                                              \
  TILE_ROWS(name, 1) TILE_ROWS(name, 2) TILE_ROWS(name, 4)                                                     \
  static const RUNNEL_SET(tiles) RUNNEL_SET(name##_tiles) = {                                                  \
      TILES_AT(name, sums, widest, 1), TILES_AT(name, sums, widest, 2), TILES_AT(name, sums, widest, 4)};

// The same of a body that takes a row alone.
#define TILE_ALONE(name, sums, widest, registers) {TILE_AT(name, sums, widest, 1, registers)}
#define TILES_ALONE(name, sums, widest)                                                                        \
  TILE(name, 1, 1) TILE(name, 1, 2) TILE(name, 1, 4)                                                           \
  static const RUNNEL_SET(tiles) RUNNEL_SET(name##_tiles) = {TILE_ALONE(name, sums, widest, 1),                \
                                                             TILE_ALONE(name, sums, widest, 2),                \
                                                             TILE_ALONE(name, sums, widest, 4)};

IN int64_t RUNNEL_SET(padded)(int32_t count) {
  return ((int64_t)count + LANES - 1) & -LANES;
}

// How many registers the next tile takes, as a power of two, where `done` of `end` outputs are done, from the first on
// or from the last.
IN int32_t RUNNEL_SET(next_size)(int32_t widest, int32_t end, int32_t done, int32_t descending) {
  int32_t size = widest;
  while (size > 0 && (LANES << size > end - done || (descending && (end - done) & ((LANES << size) - 1)))) size--;
  return size;
}

// How many registers a row alone takes, as a power of two, 2^widest at most.
IN int32_t RUNNEL_SET(lone_size)(const RUNNEL_SET(tiles) *tiles, int32_t end, int32_t widest) {
  while (!(*tiles)[widest][0] || (widest > 0 && LANES << widest > end)) widest--;
  return widest;
}

// The tile that takes all outputs of a row alone, or NULL where it takes several. Between the last product of a step and
// the first of the next, each instruction counts.
IN runnel_lone *RUNNEL_SET(lone)(const RUNNEL_SET(tiles) *tiles, int32_t outputs, int32_t widest) {
  const int32_t end = (int32_t)RUNNEL_SET(padded)(outputs), size = RUNNEL_SET(lone_size)(tiles, end, widest);
  return LANES << size == end ? (runnel_lone *)(*tiles)[size][0] : NULL;
}

// Whether one tile took it all.
IN int RUNNEL_SET(took_lone)(runnel_lone *lone, const void *layer, const RUNNEL_SET(batch) *b) {
  if (b->rows != 1 || !lone) return 0;
  ((RUNNEL_SET(tile) *)lone)(layer, b, 0, 0);
  return 1;
}

// All rows and outputs: of a chunk of rows the outputs tile after tile. No tile has many rows fewer than the others; a
// row alone takes 2^alone registers at most.
IN void RUNNEL_SET(walk)(const RUNNEL_SET(tiles) *tiles, const void *layer, const RUNNEL_SET(batch) *b,
                         int32_t outputs, int32_t descending, int32_t alone) {
  const int32_t end = (int32_t)RUNNEL_SET(padded)(outputs);
  if (b->rows == 1) {
    alone = RUNNEL_SET(lone_size)(tiles, end, alone);
    for (int32_t done = 0; done < end;) {
      const int32_t size = RUNNEL_SET(next_size)(alone, end, done, descending);
      (*tiles)[size][0](layer, b, 0, descending ? end - done - (LANES << size) : done);
      done += LANES << size;
    }
    return;
  }
  for (int32_t start = 0; start < b->rows; start += RUNNEL_CHUNK) {
    const int32_t here = b->rows - start < RUNNEL_CHUNK ? b->rows - start : RUNNEL_CHUNK;
    int32_t widest = 2;
    while (!(*tiles)[widest][(here < ROWS ? here : ROWS) - 1]) widest--;
    for (int32_t done = 0; done < end;) {
      const int32_t size = RUNNEL_SET(next_size)(widest, end, done, descending);
      const int32_t first = descending ? end - done - (LANES << size) : done;
      for (int32_t row = 0, rows; row < here; row += rows) {
        const int32_t rest = here - row;
        rows = rest <= ROWS ? rest : rest < 2 * ROWS ? (rest + 1) / 2 : ROWS;
        (*tiles)[size][rows - 1](layer, b, start + row, first);
      }
      done += LANES << size;
    }
    descending = !descending;  // what the last chunk left near
  }
}

// Few are copied as they are: a call costs more.
IN void RUNNEL_SET(copy)(float *to, const float *from, int64_t count) {
  int64_t k = 0;
  for (; k + 8 <= count; k += 8) __builtin_memcpy(to + k, from + k, 8 * sizeof(float));
  for (; k < count; k++) to[k] = from[k];
}
