#include "ops/binary.h"

namespace frugal {

FRUGAL_ENGINE(bitwise_and) { registry.add("bitwise_and", binary_op(Binary::bit_and)); }

}  // namespace frugal
