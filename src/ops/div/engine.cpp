#include "ops/binary.h"

namespace frugal {

FRUGAL_ENGINE(div) { registry.add("div", binary_op(Binary::div)); }

}  // namespace frugal
