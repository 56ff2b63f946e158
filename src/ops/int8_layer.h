// Compiling int8_conv2d and int8_linear.
#pragma once

#include "kernels/int8.h"
#include "ops/int8.h"

namespace frugal {

// Inputs: x, weight, scale, bias, residual, zero point and scale (one, or one a row) of x.
CompiledOp compile_int8_layer(const NodeContext& c, Int8Plan plan);

}  // namespace frugal
