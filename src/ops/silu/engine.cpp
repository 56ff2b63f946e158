#include "ops/elementwise_engine.h"

namespace frugal {

FRUGAL_ENGINE(silu) { registry.add("silu", activation_engine(Activation::silu)); }

}  // namespace frugal
