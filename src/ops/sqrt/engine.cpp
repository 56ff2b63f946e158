#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(sqrt) { registry.add("sqrt", activation_op(Activation::sqrt)); }

}  // namespace frugal
