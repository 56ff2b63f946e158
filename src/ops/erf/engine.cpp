#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(erf) { registry.add("erf", activation_op(Activation::erf)); }

}  // namespace frugal
