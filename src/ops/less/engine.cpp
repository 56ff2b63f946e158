#include "ops/binary.h"

namespace frugal {

FRUGAL_ENGINE(less) { registry.add("less", binary_op(Binary::less)); }

}  // namespace frugal
