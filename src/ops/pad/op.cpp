#include <limits>

#include "graph/shape_rules.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  ValueType out = c.input(0);
  const Ints& pads = c.ints("pads");
  const std::size_t rank = out.shape.size();
  c.require(pads.size() == 2 * rank,
            "pads has {} numbers, but the input [{}] needs {} (before each dim, then after each)", pads.size(),
            to_string(out.shape), 2 * rank);
  for (std::size_t i = 0; i < rank; ++i) {
    std::int64_t before = pads[i], after = pads[i + rank];
    Dim& d = out.shape[i];
    if (c.text("mode") == "reflect")
      c.require(!d.fixed() || std::max(before, after) < std::max<std::int64_t>(d.value(), 1),
                "dim {} of size {} is too small to reflect {} elements", i, d.text(), std::max(before, after));
    if (c.text("mode") != "constant")
      c.require(!d.fixed() || d.value() > 0 || (before <= 0 && after <= 0), "dim {} is empty: nothing can be repeated",
                i);
    d = d + Dim(before + after);
  }
  return {out};
}

}  // namespace

FRUGAL_OP(pad) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  return {
      .name = "pad",
      .doc =
          "Elements added around the input: a constant, the reflection (without repeating the border), the border, or "
          "the "
          "input again (wrap). Negative numbers cut off.",
      .inputs = {{.name = "x", .type = InputType::any}},
      .attrs =
          {{"pads", AttrType::integers, std::nullopt, "before dim 0, 1, ..., then after dim 0, 1, ...", -(1 << 30),
            1 << 30},
           {"mode", AttrType::text, Attr("constant"), "what is added", {}, {}, {"constant", "reflect", "edge", "wrap"}},
           {"value", AttrType::real, Attr(0.0), "the constant", -kLargest, kLargest}},
      .infer = infer};
}

}  // namespace frugal
