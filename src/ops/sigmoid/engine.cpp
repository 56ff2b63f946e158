#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(sigmoid) { registry.add("sigmoid", activation_op(Activation::sigmoid)); }

}  // namespace frugal
