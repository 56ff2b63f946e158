#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(tan) { registry.add("tan", activation_op(Activation::tan)); }

}  // namespace frugal
