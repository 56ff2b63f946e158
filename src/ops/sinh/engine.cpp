#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(sinh) { registry.add("sinh", activation_op(Activation::sinh)); }

}  // namespace frugal
