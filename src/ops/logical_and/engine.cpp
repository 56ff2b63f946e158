#include "ops/binary.h"

namespace frugal {

FRUGAL_ENGINE(logical_and) { registry.add("logical_and", binary_op(Binary::bit_and)); }

}  // namespace frugal
