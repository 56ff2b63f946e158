#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(relu) { registry.add("relu", activation_op(Activation::relu)); }

}  // namespace frugal
