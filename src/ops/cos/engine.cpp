#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(cos) { registry.add("cos", activation_op(Activation::cos)); }

}  // namespace frugal
