// What a set does with int8 weights, behind kernels_body.h; INT8_PRODUCT says how it multiplies.

#include "body_int8.h"
#include "body_int8_layers.h"
#include "body_int8_halves.h"
#undef INT8_PRODUCT
