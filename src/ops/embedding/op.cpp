#include "ops/layer.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  c.require_rank(1, 2);
  require_weight_type(c, 1);
  ValueType out{DType::f32, c.shape(0)};
  out.shape.push_back(c.shape(1)[1]);
  return {out};
}

}  // namespace

FRUGAL_OP(embedding) {
  return {.name = "embedding",
          .doc =
              "Rows of a table: ids [...] and weight [V, D], of float32, 16 bits or block-quantised, give [..., D]. In "
              "the engine an id outside 0..V-1 gives a row of NaN; in training it is refused.",
          .inputs = {{.name = "ids", .type = InputType::index}, {.name = "weight", .type = InputType::weight}},
          .attrs = {},
          .infer = infer};
}

}  // namespace frugal
