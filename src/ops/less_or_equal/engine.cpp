#include "ops/binary.h"

namespace frugal {

FRUGAL_ENGINE(less_or_equal) { registry.add("less_or_equal", binary_op(Binary::less_or_equal)); }

}  // namespace frugal
