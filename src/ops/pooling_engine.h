// Pooling over the kernels, in either layout.
#pragma once

#include "engine/engine_op.h"

namespace frugal {

// Windows from the node's attributes (max_pool2d, avg_pool2d).
CompiledOp compile_pooling(const NodeContext& context, Pool kind);
// One window over the whole picture.
CompiledOp compile_global_pooling(const NodeContext& context, Pool kind);
bool pooling_can_block(const NodeContext& context, int block);

}  // namespace frugal
