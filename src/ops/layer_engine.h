// How the engine sees a convolution's node.
#pragma once

#include "engine/engine_op.h"

namespace frugal {

Conv2dShape convolution_shape(const NodeContext& c);
// A linear layer as a 1x1 convolution over one row of m pixels.
Conv2dShape rows_shape(std::int64_t m, std::int64_t in, std::int64_t out);

}  // namespace frugal
