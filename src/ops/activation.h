// The engine binding that every activation without weights shares.
#pragma once

#include <functional>

#include "engine/engine_op.h"

namespace frugal {

// Elementwise in any layout, in place where possible, and fused into a producer that takes activations.
EngineOp activation_op(std::function<ActivationSpec(const Node&)> spec);

}  // namespace frugal
