#include "graph/op.h"
#include "ops/unary.h"

namespace frugal {

FRUGAL_ENGINE(is_inf) {
  registry.add("is_inf", test_op([](const Node& node) {
                 return FloatClass{.negative_infinity = attr_flag(node, "detect_negative"),
                                   .positive_infinity = attr_flag(node, "detect_positive")};
               }));
}

}  // namespace frugal
