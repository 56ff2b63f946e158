#include "ops/binary.h"

namespace frugal {

FRUGAL_ENGINE(maximum) { registry.add("maximum", binary_op(Binary::max)); }

}  // namespace frugal
