#include "ops/elementwise_engine.h"

namespace frugal {

FRUGAL_ENGINE(relu) { registry.add("relu", activation_engine(Activation::relu)); }

}  // namespace frugal
