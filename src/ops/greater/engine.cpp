#include "ops/binary.h"

namespace frugal {

FRUGAL_ENGINE(greater) { registry.add("greater", binary_op(Binary::greater)); }

}  // namespace frugal
