#include "graph/shape_rules.h"

namespace frugal {

FRUGAL_OP(gelu) {
  return {.name = "gelu",
          .doc = "x * Phi(x), the Gaussian error linear unit (arXiv 1606.08415); tanh: its approximation",
          .inputs = {{.name = "x", .type = InputType::floating}},
          .attrs = {{"approximate",
                     AttrType::text,
                     Attr("none"),
                     "which formula",
                     std::nullopt,
                     std::nullopt,
                     {"none", "tanh"}}},
          .infer = infer_same};
}

}  // namespace frugal
