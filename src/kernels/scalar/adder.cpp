// The reference. Panel width 1: packed columns are [pixel][k].
#include <algorithm>
#include <cmath>

#include "kernels/scalar/activation.h"
#include "kernels/simd/tables.h"

namespace frugal::scalar {
namespace {

void adder(const GemmArgs& g, std::int64_t panel_begin, std::int64_t panel_end) {
  for (std::int64_t row = 0; row < g.m; ++row)
    for (std::int64_t column = panel_begin; column < panel_end; ++column) {
      float sum = 0;
      for (std::int64_t i = 0; i < g.k; ++i) sum -= std::abs(g.a[row * g.lda + i] - g.b[column * g.k + i]);
      const std::int64_t at = row * g.ldc + column;
      g.c[at] = finish(sum, g.epilogue, row, at);
    }
}

void adder_gradient(const AdderGradientArgs& g, std::int64_t panel_begin, std::int64_t panel_end) {
  for (std::int64_t pixel = panel_begin; pixel < panel_end; ++pixel)
    for (std::int64_t d = 0; d < g.k; ++d) {
      const float x = g.columns[pixel * g.k + d];
      float sum = 0;
      for (std::int64_t t = 0; t < g.channels; ++t)
        sum += std::clamp(g.weights[t * g.k + d] - x, -1.0f, 1.0f) * g.output_gradient[pixel * g.channels + t];
      g.gradient[pixel * g.k + d] = sum;
    }
}

}  // namespace

void fill_adder(KernelTable& table) {
  table.adder = adder;
  table.adder_gradient = adder_gradient;
}

}  // namespace frugal::scalar
