#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(softsign) { registry.add("softsign", activation_op(Activation::softsign)); }

}  // namespace frugal
