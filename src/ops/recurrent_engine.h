// The engine's binding of recurrent cells.
#pragma once

#include "engine/engine_op.h"
#include "ops/recurrent.h"

namespace frugal {

// x * W for all steps is one matrix product; each step is one more, and vector gates.
EngineOp recurrent_op(Cell cell);

}  // namespace frugal
