#include "graph/shape_rules.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  ValueType out{DType::f32, c.shape(0)};
  const std::size_t axis = normalize_axis(c, c.integer("axis"), out.shape.size() + 1);
  out.shape.insert(out.shape.begin() + static_cast<std::ptrdiff_t>(axis), Dim(c.integer("depth")));
  c.require(out.shape.size() <= kMaxRank, "the output would have {} dims; {} are the most", out.shape.size(), kMaxRank);
  return {out};
}

}  // namespace

FRUGAL_OP(one_hot) {
  return {.name = "one_hot",
          .doc =
              "float32: `on` where the place along a new axis is the index, else `off`. Negative indices count from "
              "the end; those outside have no `on`.",
          .inputs = {{.name = "indices", .type = InputType::index}},
          .attrs = {{"depth", AttrType::integer, std::nullopt, "size of the new axis", 0, 1 << 30},
                    {"on", AttrType::real, Attr(1.0), "the value at the index"},
                    {"off", AttrType::real, Attr(0.0), "the other values"},
                    {"axis", AttrType::integer, Attr(-1), "where the new axis stands; negative counts from the end"}},
          .infer = infer};
}

}  // namespace frugal
