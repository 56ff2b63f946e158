#include "graph/shape_rules.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  ValueType values = c.input(0);
  Dim& size = values.shape[normalize_axis(c, c.integer("axis"), values.shape.size())];
  const std::int64_t k = c.integer("k");
  c.require(!size.fixed() || k <= size.value(), "the {} largest of {} are asked for", k, size.text());
  size = k;
  return {values, {DType::i64, values.shape}};
}

}  // namespace

FRUGAL_OP(top_k) {
  return {.name = "top_k",
          .doc =
              "The k largest (smallest) elements along an axis, in order, and their indices; of equals the first comes "
              "first, and a NaN counts as the largest.",
          .inputs = {{.name = "x", .type = InputType::number}},
          .attrs = {{"k", AttrType::integer, std::nullopt, "how many", 0, 1 << 30},
                    {"axis", AttrType::integer, Attr(-1), "negative counts from the end"},
                    {"largest", AttrType::boolean, Attr(true), "else the smallest"},
                    {"sorted", AttrType::boolean, Attr(true), "they always are; kept for the formats that ask"}},
          .infer = infer};
}

}  // namespace frugal
