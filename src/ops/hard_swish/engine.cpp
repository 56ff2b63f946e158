#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(hard_swish) { registry.add("hard_swish", activation_op(Activation::hard_swish)); }

}  // namespace frugal
