#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(round) { registry.add("round", activation_op(Activation::round)); }

}  // namespace frugal
