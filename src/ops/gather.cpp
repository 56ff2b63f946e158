#include "ops/gather.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "graph/op.h"

namespace frugal {

std::int64_t offset_without(const Shape& shape, const Shape& strides, std::int64_t i, std::size_t axis) {
  std::int64_t at = 0;
  for (std::size_t d = shape.size(); d-- > 0; i /= shape[d])
    if (d != axis) at += i % shape[d] * strides[d];
  return at;
}

NdSlices nd_slices(const Shape& x, const Shape& indices, std::int64_t batch_dims) {
  NdSlices s;
  const auto depth = static_cast<std::ptrdiff_t>(indices.back());
  s.named.assign(x.begin() + batch_dims, x.begin() + batch_dims + depth);
  s.count = element_count({indices.begin(), indices.end() - 1});
  s.per_batch = element_count({indices.begin() + batch_dims, indices.end() - 1});
  s.slice = element_count({x.begin() + batch_dims + depth, x.end()});
  return s;
}

std::int64_t NdSlices::at(const Indices& indices, std::int64_t i) const {
  std::int64_t slice_at = i / per_batch;
  for (std::size_t d = 0; d < named.size(); ++d) {
    const std::int64_t index =
        indices.at(i * static_cast<std::int64_t>(named.size()) + static_cast<std::int64_t>(d), named[d]);
    if (index < 0) return -1;
    slice_at = slice_at * named[d] + index;
  }
  return slice_at;
}

std::optional<Binary> scatter_reduction(const Node& node) {
  const std::string& name = attr_text(node, "reduction");
  if (name == "add") return Binary::add;
  if (name == "mul") return Binary::mul;
  if (name == "max") return Binary::max;
  if (name == "min") return Binary::min;
  return std::nullopt;
}

void fill_outside(DType type, std::int64_t count, void* out) {
  constexpr std::uint16_t kHalfNan = 0x7e00, kBrainNan = 0x7fc0;
  switch (type) {
    case DType::f32: std::fill_n(static_cast<float*>(out), count, std::numeric_limits<float>::quiet_NaN()); break;
    case DType::f64: std::fill_n(static_cast<double*>(out), count, std::numeric_limits<double>::quiet_NaN()); break;
    case DType::f16: std::fill_n(static_cast<std::uint16_t*>(out), count, kHalfNan); break;
    case DType::bf16: std::fill_n(static_cast<std::uint16_t*>(out), count, kBrainNan); break;
    default: std::memset(out, 0, static_cast<std::size_t>(count * dtype_info(type).block_bytes));
  }
}

}  // namespace frugal
