#include "ops/binary.h"

namespace frugal {

FRUGAL_ENGINE(pow) { registry.add("pow", binary_op(Binary::pow)); }

}  // namespace frugal
