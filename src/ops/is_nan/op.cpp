#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(is_nan) { return test_definition("is_nan", "true where x is NaN"); }

}  // namespace frugal
