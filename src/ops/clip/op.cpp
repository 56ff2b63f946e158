#include <limits>

#include "graph/shape_rules.h"

namespace frugal {
namespace {

constexpr double kLargest = std::numeric_limits<float>::max();

std::vector<ValueType> infer(const OpContext& c) {
  c.require(c.real("min") <= c.real("max"), "min {} is above max {}", c.real("min"), c.real("max"));
  return infer_same(c);
}

}  // namespace

FRUGAL_OP(clip) {
  return {.name = "clip",
          .doc = "min(max(x, min), max)",
          .inputs = {{.name = "x", .type = InputType::number}},
          .attrs = {{"min", AttrType::real, Attr(-kLargest), "lower bound", -kLargest, kLargest},
                    {"max", AttrType::real, Attr(kLargest), "upper bound", -kLargest, kLargest}},
          .infer = infer};
}

}  // namespace frugal
