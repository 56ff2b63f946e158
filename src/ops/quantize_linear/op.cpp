#include "graph/op.h"
#include "ops/quantization.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  require_scales(c, "what is made");
  const DType wanted = dtype_from_name(c.text("dtype"));
  const DType made = c.has(2) ? c.input(2).dtype : wanted;
  c.require(made != DType::i32, "the zero point must be uint8 or int8");
  return {{made, c.shape(0)}};
}

}  // namespace

FRUGAL_OP(quantize_linear) {
  return {.name = "quantize_linear",
          .doc =
              "saturate(round(x / scale) + zero_point), half to even; scale and zero point are one number, or one for "
              "each index of `axis` (ONNX QuantizeLinear).",
          .inputs = {{"x"}, {"scale"}, {.name = "zero_point", .optional = true, .type = InputType::any}},
          .attrs = {{"axis", AttrType::integer, Attr(1),
                     "where there is more than one scale; negative counts from the end"},
                    {"dtype",
                     AttrType::text,
                     Attr(std::string("uint8")),
                     "of the result where there is no zero point, which else decides",
                     {},
                     {},
                     {"uint8", "int8"}}},
          .infer = infer};
}

}  // namespace frugal
