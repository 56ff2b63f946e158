#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(acosh) { registry.add("acosh", activation_op(Activation::acosh)); }

}  // namespace frugal
