// The reference: weights as they come, one output at a time.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/block_units.h"
#include "kernels/scalar/activation.h"
#include "kernels/simd/block_tables.h"
#include "tensor/block_types.h"
#include "tensor/half.h"

namespace frugal::scalar {
namespace {

void quantize(std::int64_t count, const float* x, QuantizedUnit* to, std::int64_t step) {
  for (std::int64_t u = 0; u < count; ++u, x += kBlockUnit, to += step) {
    *to = {};
    float most = 0;
    bool finite = true;
    for (int i = 0; i < kBlockUnit; ++i) {
      finite = finite && std::isfinite(x[i]);
      most = std::max(most, std::abs(x[i]));
    }
    if (!finite) most = std::numeric_limits<float>::quiet_NaN();
    if (most < kLeastUnit) continue;
    to->scale = most / 127;
    const float inverse = 127 / most;
    std::int32_t totals[3] = {};
    for (int i = 0; finite && i < kBlockUnit; ++i) {
      to->q[i] = static_cast<std::int8_t>(std::nearbyint(x[i] * inverse));
      totals[0] += to->q[i];
      totals[1 + i / 16] += to->q[i];
    }
    for (int i = 0; i < 3; ++i) {
      to->sum[i] = to->scale * static_cast<float>(totals[i]);
      to->minus_total[i] = -totals[i];
    }
  }
}

float exact_sum(const BlockLinearArgs& a, const std::uint8_t* weights, const float* x) {
  const DType type = block_dtype(a.form);
  const DTypeInfo& info = dtype_info(type);
  float w[256], sum = 0;
  for (std::int64_t i = 0; i < a.k; i += info.block_elements, weights += info.block_bytes) {
    dequantize_row(type, weights, info.block_elements, w);
    for (int j = 0; j < info.block_elements; ++j) sum = std::fma(x[i + j], w[j], sum);
  }
  return sum;
}

float quantized_sum(const BlockLinearArgs& a, const std::uint8_t* weights, const QuantizedUnit* x, std::int64_t step) {
  const BlockFormInfo& info = kBlockForms[static_cast<std::size_t>(a.form)];
  const int length = static_cast<int>(kBlockUnit) / info.groups;
  float sum = 0;
  for (std::int64_t u = 0; u < a.k / kBlockUnit; ++u, x += step) {
    const BlockUnit w = block_unit(block_dtype(a.form), weights, u);
    for (int g = 0; g < info.groups; ++g) {
      std::int32_t dot = 0;
      for (int i = g * length; i < (g + 1) * length; ++i)
        dot += x->q[i] * (info.bits == 8 ? static_cast<std::int8_t>(w.code[i]) : w.code[i] - info.zero);
      sum = std::fma(half_to_float(w.d) * static_cast<float>(w.scale[g]), x->scale * static_cast<float>(dot), sum);
      if (info.offset)
        sum = std::fma(half_to_float(w.m) * static_cast<float>(w.min[g]), x->sum[info.groups == 1 ? 0 : 1 + g], sum);
    }
  }
  return sum;
}

template <typename Sum>
void each_output(const BlockLinearArgs& a, std::int64_t begin, std::int64_t end, Sum sum) {
  for (std::int64_t row = 0; row < a.rows; ++row)
    for (std::int64_t channel = begin; channel < end; ++channel) {
      const std::int64_t at = row * a.n + channel;
      a.out[at] = finish(sum(a.weights + channel * a.panel_bytes, row), a.epilogue, channel, at);
    }
}

void exact(const BlockLinearArgs& a, std::int64_t begin, std::int64_t end) {
  each_output(a, begin, end, [&](const std::uint8_t* w, std::int64_t row) { return exact_sum(a, w, a.x + row * a.k); });
}

void quantized(const BlockLinearArgs& a, std::int64_t begin, std::int64_t end) {
  each_output(a, begin, end, [&](const std::uint8_t* w, std::int64_t row) {
    const std::int64_t first = row / a.tile * a.tile;
    return quantized_sum(a, w, a.units + first * (a.k / kBlockUnit) + row - first, std::min(a.tile, a.rows - first));
  });
}

}  // namespace

void fill_block_linear(BlockLinearTable& table) { table = {1, 4, 4, quantize, exact, quantized, "reference"}; }

}  // namespace frugal::scalar
