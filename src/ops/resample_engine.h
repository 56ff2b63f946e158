// The engine binding of ops that resample planes.
#pragma once

#include "engine/engine_op.h"
#include "kernels/resample.h"

namespace frugal {

CompiledOp compile_resample(const NodeContext& context, AxisTaps vertical, AxisTaps horizontal);

}  // namespace frugal
