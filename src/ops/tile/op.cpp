#include "graph/shape_rules.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  ValueType out = c.input(0);
  const SymShape repeats = c.dims("repeats");
  c.require(repeats.size() == out.shape.size(), "{} repeats do not fit the {} dims of the input", repeats.size(),
            out.shape.size());
  for (std::size_t i = 0; i < repeats.size(); ++i) out.shape[i] = out.shape[i] * repeats[i];
  return {out};
}

}  // namespace

FRUGAL_OP(tile) {
  return {.name = "tile",
          .doc = "The input repeated along every dim.",
          .inputs = {{.name = "x", .type = InputType::any}},
          .attrs = {{"repeats", AttrType::dims, std::nullopt, "one number a dim", 0, 1 << 30}},
          .infer = infer};
}

}  // namespace frugal
