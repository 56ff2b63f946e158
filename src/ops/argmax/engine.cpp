#include "ops/reduction.h"

namespace frugal {

FRUGAL_ENGINE(argmax) { registry.add("argmax", arg_op(false)); }

}  // namespace frugal
