#include "graph/op.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  c.require_rank(0, 4);
  const SymShape& x = c.shape(0);
  const std::int64_t b = c.integer("block");
  for (std::size_t i = 2; i < 4; ++i)
    c.require(!x[i].fixed() || x[i].value() % b == 0, "{} x {} pixels cannot be cut into cells of {} x {}", x[2].text(),
              x[3].text(), b, b);
  return {{c.input(0).dtype, {x[0], x[1] * Dim(b * b), floor_div(x[2], b), floor_div(x[3], b)}}};
}

}  // namespace

FRUGAL_OP(space_to_depth) {
  return {.name = "space_to_depth",
          .doc = "[N, C, H b, W b] -> [N, C b b, H, W]: pixel (i, j) of each cell becomes channel (i b + j) C + c.",
          .inputs = {{.name = "x", .type = InputType::any}},
          .attrs = {{"block", AttrType::integer, std::nullopt, "b", 1, 1024}},
          .infer = infer};
}

}  // namespace frugal
