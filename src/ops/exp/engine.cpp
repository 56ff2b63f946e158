#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(exp) { registry.add("exp", activation_op(Activation::exp)); }

}  // namespace frugal
