#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(cosh) { registry.add("cosh", activation_op(Activation::cosh)); }

}  // namespace frugal
