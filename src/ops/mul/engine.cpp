#include "ops/elementwise_engine.h"

namespace frugal {

FRUGAL_ENGINE(mul) { registry.add("mul", binary_engine(Binary::mul)); }

}  // namespace frugal
