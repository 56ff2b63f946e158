#include "ops/elementwise_engine.h"

namespace frugal {

FRUGAL_ENGINE(hard_swish) { registry.add("hard_swish", activation_engine(Activation::hard_swish)); }

}  // namespace frugal
