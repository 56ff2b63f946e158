// The engine's binding of elementwise ops with two operands.
#pragma once

#include "engine/engine_op.h"

namespace frugal {

// y = a op b with NumPy broadcasting. In float32, the ops with a vector form work in either layout: operands of the
// output's shape, single numbers, and one value a channel ([N,C,1,1], as squeeze-and-excitation makes them) keep a
// blocked map blocked.
EngineOp binary_op(Binary op);
// An op that its node decides.
EngineOp binary_op(std::function<Binary(const Node&)> op);

}  // namespace frugal
