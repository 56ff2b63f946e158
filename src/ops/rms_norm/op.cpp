#include "graph/shape_rules.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  const SymShape& x = c.shape(0);
  const auto axis = static_cast<std::ptrdiff_t>(normalize_axis(c, c.integer("axis"), x.size()));
  const SymShape normalized(x.begin() + axis, x.end());
  c.require(c.shape(1) == normalized, "'scale' has shape [{}], but the dims from axis {} on are [{}]",
            to_string(c.shape(1)), axis, to_string(normalized));
  return infer_same(c);
}

}  // namespace

FRUGAL_OP(rms_norm) {
  return {.name = "rms_norm",
          .doc = "x / sqrt(mean(x^2) + eps) * scale over all dims from `axis` on (arXiv 1910.07467)",
          .inputs = {{"x"}, {"scale"}},
          .attrs = {{"axis", AttrType::integer, Attr(-1), "first dim normalised; negative counts from the end"},
                    {"eps", AttrType::real, Attr(1e-5), "added to the mean square", 0, 1}},
          .infer = infer};
}

}  // namespace frugal
