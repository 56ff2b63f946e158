#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(ceil) { registry.add("ceil", activation_op(Activation::ceil)); }

}  // namespace frugal
