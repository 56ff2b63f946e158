#include "ops/quantization.h"

namespace frugal {

ScaleRows scale_rows(const NodeContext& c) {
  const StoredType& x = c.in(0);
  const auto total = static_cast<std::int64_t>(x.bytes() / static_cast<std::size_t>(dtype_info(x.dtype).block_bytes));
  if (element_count(c.in(1).shape) == 1) return {1, 1, total};
  std::int64_t axis = attr_int(c.node, "axis");
  if (axis < 0) axis += static_cast<std::int64_t>(x.shape.size());
  ScaleRows rows{1, x.shape[static_cast<std::size_t>(axis)], 1};
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(x.shape.size()); ++i)
    (i < axis ? rows.outer : rows.inner) *= i == axis ? 1 : x.shape[static_cast<std::size_t>(i)];
  return rows;
}

std::int32_t lowest(DType byte) { return byte == DType::i8 ? -128 : 0; }

}  // namespace frugal
