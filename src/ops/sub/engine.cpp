#include "ops/elementwise_engine.h"

namespace frugal {

FRUGAL_ENGINE(sub) { registry.add("sub", binary_engine(Binary::sub)); }

}  // namespace frugal
