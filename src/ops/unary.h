// The engine's binding of elementwise ops with one operand that are no activations.
#pragma once

#include <functional>

#include "engine/engine_op.h"
#include "kernels/typed.h"

namespace frugal {

// true where an element is of a wanted class.
EngineOp test_op(std::function<FloatClass(const Node&)> wanted);
// x ^ mask, for integers and booleans.
EngineOp flip_bits_op(std::int64_t mask);

}  // namespace frugal
