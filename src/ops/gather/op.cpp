#include "graph/shape_rules.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  const SymShape &x = c.shape(0), &indices = c.shape(1);
  const auto axis = static_cast<std::ptrdiff_t>(normalize_axis(c, c.integer("axis"), x.size()));
  ValueType out{c.input(0).dtype, SymShape(x.begin(), x.begin() + axis)};
  out.shape.insert(out.shape.end(), indices.begin(), indices.end());
  out.shape.insert(out.shape.end(), x.begin() + axis + 1, x.end());
  c.require(out.shape.size() <= kMaxRank, "the output would have {} dims; {} are the most", out.shape.size(), kMaxRank);
  return {out};
}

}  // namespace

FRUGAL_OP(gather) {
  return {.name = "gather",
          .doc =
              "Slices along an axis, picked by indices of any shape, which takes the axis' place. Negative indices "
              "count from the end; in the engine one that lies outside gives NaN (integers: 0), in training it is "
              "refused.",
          .inputs = {{.name = "x", .type = InputType::any}, {.name = "indices", .type = InputType::index}},
          .attrs = {{"axis", AttrType::integer, Attr(0), "negative counts from the end"}},
          .infer = infer};
}

}  // namespace frugal
