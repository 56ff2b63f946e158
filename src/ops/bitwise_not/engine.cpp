#include "ops/unary.h"

namespace frugal {

FRUGAL_ENGINE(bitwise_not) { registry.add("bitwise_not", flip_bits_op(-1)); }

}  // namespace frugal
