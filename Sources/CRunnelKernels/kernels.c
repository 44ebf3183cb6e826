#include "runnel_kernels.h"
