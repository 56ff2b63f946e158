#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(sign) { registry.add("sign", activation_op(Activation::sign)); }

}  // namespace frugal
