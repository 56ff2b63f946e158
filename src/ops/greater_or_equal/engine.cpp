#include "ops/binary.h"

namespace frugal {

FRUGAL_ENGINE(greater_or_equal) { registry.add("greater_or_equal", binary_op(Binary::greater_or_equal)); }

}  // namespace frugal
