#include "ops/binary.h"

namespace frugal {

FRUGAL_ENGINE(equal) { registry.add("equal", binary_op(Binary::equal)); }

}  // namespace frugal
