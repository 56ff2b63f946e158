#include "graph/shape_rules.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  ValueType out{DType::i64, c.shape(0)};
  const std::size_t axis = normalize_axis(c, c.integer("axis"), out.shape.size());
  c.require(!(out.shape[axis] == Dim(0)), "axis {} of [{}] is empty: it has no largest element", axis,
            to_string(out.shape));
  if (c.flag("keep_dims"))
    out.shape[axis] = 1;
  else
    out.shape.erase(out.shape.begin() + static_cast<std::ptrdiff_t>(axis));
  return {out};
}

}  // namespace

FRUGAL_OP(argmax) {
  return {.name = "argmax",
          .doc = "Index of the largest element along an axis, the first of equals; a NaN counts as the largest.",
          .inputs = {{"x"}},
          .attrs = {{"axis", AttrType::integer, Attr(-1), "negative counts from the end"},
                    {"keep_dims", AttrType::boolean, Attr(false), "the axis stays, with size 1"}},
          .infer = infer};
}

}  // namespace frugal
