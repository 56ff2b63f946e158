#include <algorithm>

#include "graph/shape_rules.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  ValueType out = c.input(0);
  const std::size_t axis = normalize_axis(c, c.integer("axis"), out.shape.size());
  for (std::size_t i = 1; i < c.input_count(); ++i) {
    SymShape next = c.shape(i), rest = out.shape;
    c.require(c.input(i).dtype == out.dtype, "input {} is {}, but the first one is {}", i, name(c.input(i).dtype),
              name(out.dtype));
    c.require(next.size() == rest.size(), "input {} has shape [{}], but the first one has {} dims", i, to_string(next),
              rest.size());
    Dim more = next[axis];
    next[axis] = rest[axis] = 0;
    c.require(std::equal(next.begin(), next.end(), rest.begin(), may_be_equal),
              "input {} has shape [{}], which does not fit the first one's [{}] outside of axis {}", i,
              to_string(c.shape(i)), to_string(c.shape(0)), axis);
    out.shape[axis] = out.shape[axis] + more;
  }
  return {out};
}

}  // namespace

FRUGAL_OP(concat) {
  return {.name = "concat",
          .doc = "The inputs one behind the other along an axis.",
          .inputs = {{.name = "x", .variadic = true, .type = InputType::any}},
          .attrs = {{"axis", AttrType::integer, Attr(1), "negative counts from the end"}},
          .infer = infer};
}

}  // namespace frugal
