#include "ops/binary.h"

namespace frugal {

FRUGAL_ENGINE(logical_xor) { registry.add("logical_xor", binary_op(Binary::bit_xor)); }

}  // namespace frugal
