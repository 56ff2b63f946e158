#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(reciprocal) { registry.add("reciprocal", activation_op(Activation::reciprocal)); }

}  // namespace frugal
