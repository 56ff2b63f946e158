#include "ops/binary.h"

namespace frugal {

FRUGAL_ENGINE(sub) { registry.add("sub", binary_op(Binary::sub)); }

}  // namespace frugal
