#include "graph/shape_rules.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  const Ints& perm = c.ints("perm");
  const SymShape& x = c.shape(0);
  c.require(perm.size() == x.size(), "perm has {} axes, but the input has shape [{}]", perm.size(), to_string(x));
  ValueType out{c.input(0).dtype, {}};
  std::vector<bool> seen(x.size());
  for (std::int64_t axis : perm) {
    c.require(axis < static_cast<std::int64_t>(x.size()) && !seen[static_cast<std::size_t>(axis)],
              "perm must name each of the axes 0..{} once", static_cast<std::int64_t>(x.size()) - 1);
    seen[static_cast<std::size_t>(axis)] = true;
    out.shape.push_back(x[static_cast<std::size_t>(axis)]);
  }
  return {out};
}

}  // namespace

FRUGAL_OP(transpose) {
  return {.name = "transpose",
          .doc = "The axes in another order: output axis i is input axis perm[i].",
          .inputs = {{.name = "x", .type = InputType::any}},
          .attrs = {{"perm", AttrType::integers, std::nullopt, "every axis once", 0, kMaxRank - 1}},
          .infer = infer};
}

}  // namespace frugal
