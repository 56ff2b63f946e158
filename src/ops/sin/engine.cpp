#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(sin) { registry.add("sin", activation_op(Activation::sin)); }

}  // namespace frugal
