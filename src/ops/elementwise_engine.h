// The engine's bindings of elementwise ops; they work in any layout.
#pragma once

#include <functional>

#include "engine/engine_op.h"

namespace frugal {

// y = f(x). Padding lanes of a blocked map become f(anything), which nobody reads.
EngineOp activation_engine(std::function<ActivationSpec(const Node&)> spec);
EngineOp activation_engine(Activation kind);  // one without parameters

// y = a op b with NumPy broadcasting.
EngineOp binary_engine(Binary op);

// Fewer floats than this are not worth a second thread.
inline constexpr std::int64_t kElementGrain = 4096;

}  // namespace frugal
