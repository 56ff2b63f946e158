#include "graph/shape_rules.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  const SymShape& x = c.shape(0);
  std::vector<bool> reduced(x.size(), c.ints("axes").empty());
  for (std::int64_t axis : c.ints("axes")) {
    std::size_t at = normalize_axis(c, axis, x.size());
    c.require(!reduced[at], "axis {} is named twice", axis);
    reduced[at] = true;
  }
  ValueType out{c.input(0).dtype, {}};
  for (std::size_t i = 0; i < x.size(); ++i)
    if (!reduced[i])
      out.shape.push_back(x[i]);
    else if (c.flag("keep_dims"))
      out.shape.push_back(1);
  return {out};
}

}  // namespace

FRUGAL_OP(reduce_mean) {
  return {.name = "reduce_mean",
          .doc = "Mean over the given axes.",
          .inputs = {{"x"}},
          .attrs = {{"axes", AttrType::integers, Attr(Ints{}), "negative counts from the end; empty: all"},
                    {"keep_dims", AttrType::boolean, Attr(true), "reduced dims stay, with size 1"}},
          .infer = infer};
}

}  // namespace frugal
