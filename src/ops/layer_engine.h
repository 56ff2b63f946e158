// How the engine sees a convolution's node.
#pragma once

#include "engine/engine_op.h"

namespace frugal {

Conv2dShape convolution_shape(const NodeContext& c);

}  // namespace frugal
