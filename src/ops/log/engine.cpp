#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(log) { registry.add("log", activation_op(Activation::log)); }

}  // namespace frugal
