#include "graph/op.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  c.require_rank(1, 2);
  ValueType out{c.input(1).dtype, c.shape(0)};
  out.shape.push_back(c.shape(1)[1]);
  return {out};
}

}  // namespace

FRUGAL_OP(embedding) {
  return {.name = "embedding",
          .doc =
              "Rows of a table: ids [...] and weight [V, D] give [..., D]. In the engine an id outside 0..V-1 gives a "
              "row of NaN; in training it is refused.",
          .inputs = {{.name = "ids", .type = InputType::index}, {"weight"}},
          .attrs = {},
          .infer = infer};
}

}  // namespace frugal
