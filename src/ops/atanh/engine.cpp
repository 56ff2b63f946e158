#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(atanh) { registry.add("atanh", activation_op(Activation::atanh)); }

}  // namespace frugal
