#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(acos) { registry.add("acos", activation_op(Activation::acos)); }

}  // namespace frugal
