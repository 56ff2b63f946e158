#include "ops/elementwise_engine.h"

namespace frugal {

FRUGAL_ENGINE(div) { registry.add("div", binary_engine(Binary::div)); }

}  // namespace frugal
