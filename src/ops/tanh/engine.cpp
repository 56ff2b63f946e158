#include "ops/elementwise_engine.h"

namespace frugal {

FRUGAL_ENGINE(tanh) { registry.add("tanh", activation_engine(Activation::tanh)); }

}  // namespace frugal
