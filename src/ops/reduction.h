// The engine's binding of reductions over some axes.
#pragma once

#include "engine/engine_op.h"

namespace frugal {

EngineOp reduction_op(Reduce kind);

// The index of the largest (smallest) element along an axis.
EngineOp arg_op(bool smallest);

}  // namespace frugal
