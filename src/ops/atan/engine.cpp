#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(atan) { registry.add("atan", activation_op(Activation::atan)); }

}  // namespace frugal
