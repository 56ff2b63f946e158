#include "ops/unary.h"

namespace frugal {

FRUGAL_ENGINE(is_nan) {
  registry.add("is_nan", test_op([](const Node&) { return FloatClass{.nan = true}; }));
}

}  // namespace frugal
