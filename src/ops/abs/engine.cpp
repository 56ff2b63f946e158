#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(abs) { registry.add("abs", activation_op(Activation::abs)); }

}  // namespace frugal
