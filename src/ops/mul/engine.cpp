#include "ops/binary.h"

namespace frugal {

FRUGAL_ENGINE(mul) { registry.add("mul", binary_op(Binary::mul)); }

}  // namespace frugal
