#include "ops/elementwise_engine.h"

namespace frugal {

FRUGAL_ENGINE(add) { registry.add("add", binary_engine(Binary::add)); }

}  // namespace frugal
