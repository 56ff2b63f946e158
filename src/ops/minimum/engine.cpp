#include "ops/binary.h"

namespace frugal {

FRUGAL_ENGINE(minimum) { registry.add("minimum", binary_op(Binary::min)); }

}  // namespace frugal
