#include "graph/op.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  SymShape scales = c.shape(0);
  c.require(!scales.empty(), "x must have rows, but is one number");
  scales.back() = 1;
  return {{DType::u8, c.shape(0)}, {DType::f32, std::move(scales)}};
}

}  // namespace

FRUGAL_OP(quantize_rows) {
  return {.name = "quantize_rows",
          .doc =
              "Bytes with a scale for each row of the last dim, measured in every run: (q - zero_point) * scale, where "
              "scale = max(max(row) / (255 - zero_point), -min(row) / zero_point) is the least that holds the row. "
              "Gives q and the scales, [..., 1]. With the zero point 0 negative numbers become 0.",
          .inputs = {{"x"}},
          .attrs = {{"zero_point", AttrType::integer, Attr(128), "what zero is, the same for all rows", 0, 255}},
          .infer = infer};
}

}  // namespace frugal
