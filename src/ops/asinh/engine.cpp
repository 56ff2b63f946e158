#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(asinh) { registry.add("asinh", activation_op(Activation::asinh)); }

}  // namespace frugal
