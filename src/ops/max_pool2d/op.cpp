#include "ops/pooling.h"

namespace frugal {

FRUGAL_OP(max_pool2d) {
  return {.name = "max_pool2d",
          .doc = "Largest value of each window of [N,C,H,W]; padding never wins.",
          .inputs = {{"x"}},
          .attrs = pooling_attributes(),
          .infer = infer_pooling};
}

}  // namespace frugal
