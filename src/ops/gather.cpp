#include "ops/gather.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace frugal {

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
