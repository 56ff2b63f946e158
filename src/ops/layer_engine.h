// How the engine sees a convolution's node.
#pragma once

#include "engine/engine_op.h"

namespace frugal {

// The size of the kernel is the attribute `kernel`, where the weight is packed, or the weight's.
Conv2dShape convolution_shape(const NodeContext& c);
// A linear layer as a 1x1 convolution over one row of m pixels.
Conv2dShape rows_shape(std::int64_t m, std::int64_t in, std::int64_t out);

}  // namespace frugal
