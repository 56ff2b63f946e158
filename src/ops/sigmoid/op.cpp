#include "graph/shape_rules.h"

namespace frugal {

FRUGAL_OP(sigmoid) {
  return {.name = "sigmoid", .doc = "1 / (1 + exp(-x))", .inputs = {{"x"}}, .attrs = {}, .infer = infer_same};
}

}  // namespace frugal
