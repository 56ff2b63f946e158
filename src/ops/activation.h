// The engine binding that every activation without weights shares.
#pragma once

#include <functional>

#include "engine/engine_op.h"

namespace frugal {

// Elementwise in any layout, in place where possible, and fused into a producer that takes activations.
EngineOp activation_op(std::function<ActivationSpec(const Node&)> spec);
EngineOp activation_op(Activation kind);  // one without parameters

// Elementwise work on fewer floats than this is not worth a second thread.
inline constexpr std::int64_t kElementGrain = 4096;

}  // namespace frugal
