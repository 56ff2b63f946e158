#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(floor) { registry.add("floor", activation_op(Activation::floor)); }

}  // namespace frugal
