#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(neg) { registry.add("neg", activation_op(Activation::neg)); }

}  // namespace frugal
