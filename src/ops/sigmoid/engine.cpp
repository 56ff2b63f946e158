#include "ops/elementwise_engine.h"

namespace frugal {

FRUGAL_ENGINE(sigmoid) { registry.add("sigmoid", activation_engine(Activation::sigmoid)); }

}  // namespace frugal
