#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(mish) { registry.add("mish", activation_op(Activation::mish)); }

}  // namespace frugal
