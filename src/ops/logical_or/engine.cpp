#include "ops/binary.h"

namespace frugal {

FRUGAL_ENGINE(logical_or) { registry.add("logical_or", binary_op(Binary::bit_or)); }

}  // namespace frugal
