#include "ops/pooling.h"

namespace frugal {

FRUGAL_OP(max_pool2d) {
  return {.name = "max_pool2d",
          .doc = "Largest value of each window of [N,C,H,W], float32 or uint8; padding never wins.",
          .inputs = {{.name = "x", .type = InputType::any}},
          .attrs = pooling_attributes(),
          .infer = [](const OpContext& c) {
            const DType type = c.input(0).dtype;
            c.require(type == DType::f32 || type == DType::u8, "x must be float32 or uint8, not {}", name(type));
            return infer_pooling(c);
          }};
}

}  // namespace frugal
