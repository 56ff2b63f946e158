// The engine's binding of ops that only rearrange elements along a fixed plan.
#pragma once

#include <functional>

#include "engine/engine_op.h"

namespace frugal {

// Where element (i, j, ...) of the output comes from: input offset + i * stride[0] + ..., over dims `size` (whose
// product is the output's, in order). Strides in elements.
struct Rearrangement {
  Shape size, stride;
  std::int64_t offset = 0;
};
EngineOp rearranging_op(std::function<Rearrangement(const NodeContext&)> plan);

}  // namespace frugal
