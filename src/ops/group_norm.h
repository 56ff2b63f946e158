// The engine's binding of normalisation over groups of channels.
#pragma once

#include <functional>

#include "engine/engine_op.h"

namespace frugal {

// (x - mean) / sqrt(var + eps) over each group of channels of [N, C, ...], then scale and bias of each channel
// (inputs 1 and 2; attribute eps).
EngineOp group_norm_op(std::function<std::int64_t(const NodeContext&)> groups);

}  // namespace frugal
