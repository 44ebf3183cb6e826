// The one body. kernels.c includes it once per instruction set, with RUNNEL_SET giving each its own names.

#include "body_lanes.h"
#include "body_activations.h"
#include "body_features.h"
#include "body_layers.h"
#include "body_cells.h"

static const runnel_kernels RUNNEL_SET(table) = {
    RUNNEL_SET(linear),     RUNNEL_SET(conv),  RUNNEL_SET(rnn),   RUNNEL_SET(gru), RUNNEL_SET(lstm),
    RUNNEL_SET(max_pool),   RUNNEL_SET(average_pool),
    RUNNEL_SET(affine),     RUNNEL_SET(layer_norm), RUNNEL_SET(prelu), RUNNEL_SET(embed), RUNNEL_SET(add),
    RUNNEL_SET(multiply),   RUNNEL_SET(softmax), RUNNEL_SET(activate),
};

#undef IN
#undef SPLAT
#undef LOAD
#undef STORE
#undef FMA
#undef SELECT
