#include "ops/binary.h"

namespace frugal {

FRUGAL_ENGINE(bitwise_xor) { registry.add("bitwise_xor", binary_op(Binary::bit_xor)); }

}  // namespace frugal
