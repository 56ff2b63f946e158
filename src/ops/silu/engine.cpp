#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(silu) { registry.add("silu", activation_op(Activation::silu)); }

}  // namespace frugal
