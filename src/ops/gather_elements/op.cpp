#include "graph/shape_rules.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  const SymShape &x = c.shape(0), &indices = c.shape(1);
  const std::size_t axis = normalize_axis(c, c.integer("axis"), x.size());
  c.require(indices.size() == x.size(), "the indices have shape [{}], but the input has {} dims", to_string(indices),
            x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    c.require(i == axis || !x[i].fixed() || !indices[i].fixed() || indices[i].value() <= x[i].value(),
              "the indices [{}] reach beyond the input [{}] along dim {}", to_string(indices), to_string(x), i);
  return {{c.input(0).dtype, indices}};
}

}  // namespace

FRUGAL_OP(gather_elements) {
  return {.name = "gather_elements",
          .doc =
              "The element of x at the same place as each index, with the index for its place along the axis. Negative "
              "indices count from the end; in the engine one outside gives NaN (integers: 0).",
          .inputs = {{.name = "x", .type = InputType::any}, {.name = "indices", .type = InputType::index}},
          .attrs = {{"axis", AttrType::integer, Attr(0), "negative counts from the end"}},
          .infer = infer};
}

}  // namespace frugal
