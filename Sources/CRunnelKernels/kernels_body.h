// The one body. kernels.c includes it once per instruction set, with RUNNEL_SET giving each its own names;
// kernels_int8.h may follow, and kernels_end.h ends it.

#include "body_lanes.h"
#include "body_activations.h"
#include "body_features.h"
#include "body_product.h"
#include "body_layers.h"
#include "body_begin.h"
#include "body_cells.h"
#include "body_lstm.h"

// What a table holds; `product(name)` is what takes weights.
#define TABLE(product)                          \
  {                                             \
    .linear = product(linear),                  \
    .conv = RUNNEL_SET(conv),                   \
    .prepare_rnn = product(prepare_rnn),        \
    .prepare_gru = product(prepare_gru),        \
    .prepare_lstm = product(prepare_lstm),      \
    .rnn = product(rnn),                        \
    .gru = product(gru),                        \
    .lstm = product(lstm),                      \
    .rnn_begin = product(rnn_begin),            \
    .gru_begin = product(gru_begin),            \
    .lstm_begin = product(lstm_begin),          \
    .rnn_finish = product(rnn_finish),          \
    .gru_finish = product(gru_finish),          \
    .lstm_finish = product(lstm_finish),        \
    .max_pool = RUNNEL_SET(max_pool),           \
    .average_pool = RUNNEL_SET(average_pool),   \
    .affine = RUNNEL_SET(affine),               \
    .layer_norm = RUNNEL_SET(layer_norm),       \
    .prelu = RUNNEL_SET(prelu),                 \
    .embed = RUNNEL_SET(embed),                 \
    .add = RUNNEL_SET(add),                     \
    .multiply = RUNNEL_SET(multiply),           \
    .check = RUNNEL_SET(check),                 \
    .softmax = RUNNEL_SET(softmax),             \
    .activate = RUNNEL_SET(activate),           \
  }

static const __attribute__((unused)) runnel_kernels RUNNEL_SET(table) = TABLE(RUNNEL_SET);
