#include "ops/reduction.h"

namespace frugal {

FRUGAL_ENGINE(argmin) { registry.add("argmin", arg_op(true)); }

}  // namespace frugal
