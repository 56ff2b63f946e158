#include "ops/unary.h"

namespace frugal {

FRUGAL_ENGINE(logical_not) { registry.add("logical_not", flip_bits_op(1)); }

}  // namespace frugal
