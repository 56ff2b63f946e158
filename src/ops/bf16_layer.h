// A convolution or linear layer in bfloat16, where the session asks for it.
#pragma once

#include <optional>

#include "engine/engine_op.h"

namespace frugal {

// Nothing where the session computes in float32, the shape or the processor does not suit, or the weights (input 1) are
// computed. `transposed`: they are [in][out].
std::optional<CompiledOp> compile_bf16_layer(const NodeContext& c, const Conv2dShape& shape, bool row_major,
                                             bool transposed = false);

}  // namespace frugal
