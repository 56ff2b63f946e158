#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(softplus) { registry.add("softplus", activation_op(Activation::softplus)); }

}  // namespace frugal
