#include "graph/op.h"
#include "ops/quantization.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  const DType type = c.input(0).dtype;
  c.require(type == DType::u8 || type == DType::i8 || type == DType::i32, "x must be uint8, int8 or int32, not {}",
            name(type));
  require_scales(c, "x");
  c.require(!c.has(2) || c.input(2).dtype == type, "the zero point is {}, but x is {}",
            c.has(2) ? name(c.input(2).dtype) : "", name(type));
  return {{DType::f32, c.shape(0)}};
}

}  // namespace

FRUGAL_OP(dequantize_linear) {
  return {.name = "dequantize_linear",
          .doc =
              "(x - zero_point) * scale; scale and zero point are one number, or one for each index of `axis` (ONNX "
              "DequantizeLinear).",
          .inputs = {{.name = "x", .type = InputType::any},
                     {"scale"},
                     {.name = "zero_point", .optional = true, .type = InputType::any}},
          .attrs = {{"axis", AttrType::integer, Attr(1),
                     "where there is more than one scale; negative counts from the end"}},
          .infer = infer};
}

}  // namespace frugal
