#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(tanh) { registry.add("tanh", activation_op(Activation::tanh)); }

}  // namespace frugal
