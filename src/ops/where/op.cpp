#include "graph/shape_rules.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  c.require(c.input(1).dtype == c.input(2).dtype, "a and b have different types, {} and {}", name(c.input(1).dtype),
            name(c.input(2).dtype));
  return {{c.input(1).dtype, broadcast(c, c.shape(0), broadcast(c, c.shape(1), c.shape(2)))}};
}

}  // namespace

FRUGAL_OP(where) {
  return {.name = "where",
          .doc = "a where the condition is true, else b, with NumPy broadcasting of all three.",
          .inputs = {{.name = "condition", .type = InputType::boolean},
                     {.name = "a", .type = InputType::any},
                     {.name = "b", .type = InputType::any}},
          .attrs = {},
          .infer = infer};
}

}  // namespace frugal
