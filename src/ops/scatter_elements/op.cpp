#include "ops/definitions.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  const SymShape &x = c.shape(0), &indices = c.shape(1);
  const std::size_t axis = normalize_axis(c, c.integer("axis"), x.size());
  c.require(indices == c.shape(2) && indices.size() == x.size(),
            "indices [{}], updates [{}] and x [{}] do not fit together", to_string(indices), to_string(c.shape(2)),
            to_string(x));
  c.require(c.input(0).dtype == c.input(2).dtype, "x is {}, but the updates are {}", name(c.input(0).dtype),
            name(c.input(2).dtype));
  for (std::size_t i = 0; i < x.size(); ++i)
    c.require(i == axis || !x[i].fixed() || !indices[i].fixed() || indices[i].value() <= x[i].value(),
              "the indices [{}] reach beyond x [{}] along dim {}", to_string(indices), to_string(x), i);
  return infer_same(c);
}

}  // namespace

FRUGAL_OP(scatter_elements) {
  OpDef def = scatter_definition("scatter_elements",
                                 "x with each update put at its own place, with the index for its place along the "
                                 "axis; of several for one place the last counts. Indices outside are left out.");
  def.attrs.push_back({"axis", AttrType::integer, Attr(0), "negative counts from the end"});
  def.infer = infer;
  return def;
}

}  // namespace frugal
