#include "ops/binary.h"

namespace frugal {

FRUGAL_ENGINE(add) { registry.add("add", binary_op(Binary::add)); }

}  // namespace frugal
