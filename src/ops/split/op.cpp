#include "graph/shape_rules.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  const SymShape& x = c.shape(0);
  const std::size_t axis = normalize_axis(c, c.integer("axis"), x.size());
  c.require(!c.ints("sizes").empty(), "sizes is empty");
  std::vector<ValueType> parts;
  Dim total = 0;
  for (std::int64_t size : c.ints("sizes")) {
    parts.push_back(c.input(0));
    parts.back().shape[axis] = size;
    total = total + Dim(size);
  }
  c.require(total == x[axis], "the sizes add up to {}, but axis {} of [{}] has {}", total.text(), axis, to_string(x),
            x[axis].text());
  return parts;
}

}  // namespace

FRUGAL_OP(split) {
  return {.name = "split",
          .doc = "The input cut along an axis into pieces of the given sizes.",
          .inputs = {{.name = "x", .type = InputType::any}},
          .attrs = {{"sizes", AttrType::integers, std::nullopt, "of the pieces, in order", 0, 1 << 30},
                    {"axis", AttrType::integer, Attr(1), "negative counts from the end"}},
          .infer = infer};
}

}  // namespace frugal
