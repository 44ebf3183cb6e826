// The one body. kernels.c includes it once per instruction set, with RUNNEL_SET giving each its own names.

#include "body_lanes.h"
#include "body_activations.h"
#include "body_features.h"
#include "body_product.h"
#include "body_layers.h"
#include "body_cells.h"
#include "body_lstm.h"

static const runnel_kernels RUNNEL_SET(table) = {
    .linear = RUNNEL_SET(linear),
    .conv = RUNNEL_SET(conv),
    .rnn = RUNNEL_SET(rnn),
    .gru = RUNNEL_SET(gru),
    .lstm = RUNNEL_SET(lstm),
    .max_pool = RUNNEL_SET(max_pool),
    .average_pool = RUNNEL_SET(average_pool),
    .affine = RUNNEL_SET(affine),
    .layer_norm = RUNNEL_SET(layer_norm),
    .prelu = RUNNEL_SET(prelu),
    .embed = RUNNEL_SET(embed),
    .add = RUNNEL_SET(add),
    .multiply = RUNNEL_SET(multiply),
    .check = RUNNEL_SET(check),
    .softmax = RUNNEL_SET(softmax),
    .activate = RUNNEL_SET(activate),
};

#undef IN
#undef lanes
#undef whole
#undef bits
#undef SPLAT
#undef LOAD
#undef STORE
#undef FMA
#undef SELECT
#undef UNROLLED
#undef MANY
#undef ROWS
#undef WIDEST
#undef FITS
#undef TILE
#undef TILE_ROWS
#undef TILE_AT
#undef TILES_AT
#undef TILES
#undef CHAINED
#undef PRECISE
