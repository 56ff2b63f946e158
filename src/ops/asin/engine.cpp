#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(asin) { registry.add("asin", activation_op(Activation::asin)); }

}  // namespace frugal
