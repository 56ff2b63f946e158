#include "graph/shape_rules.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  const SymShape& x = c.shape(0);
  const std::size_t axis = normalize_axis(c, c.integer("axis"), x.size());
  const SymShape normalized(x.begin() + static_cast<std::ptrdiff_t>(axis), x.end());
  for (std::size_t i = 1; i < 3; ++i)
    if (c.has(i))
      c.require(c.shape(i) == normalized, "'{}' has shape [{}], but the dims from axis {} on are [{}]",
                c.node().op->inputs[i].name, to_string(c.shape(i)), axis, to_string(normalized));
  return {c.input(0)};
}

}  // namespace

FRUGAL_OP(layer_norm) {
  return {.name = "layer_norm",
          .doc = "(x - mean) / sqrt(var + eps) * weight + bias, over all dims from `axis` on (arXiv 1607.06450).",
          .inputs = {{"x"}, {"weight", true}, {"bias", true}},
          .attrs = {{"axis", AttrType::integer, Attr(-1), "first dim normalised; negative counts from the end"},
                    {"eps", AttrType::real, Attr(1e-5), "added to the variance", 0, 1}},
          .infer = infer};
}

}  // namespace frugal
