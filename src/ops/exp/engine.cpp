#include "ops/elementwise_engine.h"

namespace frugal {

FRUGAL_ENGINE(exp) { registry.add("exp", activation_engine(Activation::exp)); }

}  // namespace frugal
