#include "ops/binary.h"

namespace frugal {

FRUGAL_ENGINE(bitwise_or) { registry.add("bitwise_or", binary_op(Binary::bit_or)); }

}  // namespace frugal
