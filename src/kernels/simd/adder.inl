// The float adder convolution and the gradient of its input, on columns in GEMM panels.
#pragma once

#include "kernels/simd/tables.h"
#include "kernels/simd/tile.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

constexpr int kPanel = 2 * kLanes;
constexpr int kAdderRows = kTileRows - 2;  // the magnitude's mask and the difference need registers too

template <int R, int NB>
void adder_tile(const float* a, std::int64_t lda, const float* b, std::int64_t k, const TileStore& to,
                const Epilogue& e) {
  V acc[R][NB];
  clear(acc);
  for (std::int64_t i = 0; i < k; ++i, b += kPanel) {
    V column[NB];
#pragma GCC unroll 2
    for (int j = 0; j < NB; ++j) column[j] = load(b + j * kLanes);
#pragma GCC unroll 16
    for (int p = 0; p < R; ++p) {
      const V w = broadcast(a + p * lda + i);
#pragma GCC unroll 2
      for (int j = 0; j < NB; ++j) acc[p][j] = sub(acc[p][j], abs(sub(column[j], w)));
    }
  }
  finish_tile(acc, to, e);
}

void adder(const GemmArgs& g, std::int64_t panel_begin, std::int64_t panel_end) {
  for (std::int64_t panel = panel_begin; panel < panel_end; ++panel) {
    const std::int64_t column = panel * kPanel, columns = g.n - column < kPanel ? g.n - column : kPanel;
    const int last_lanes = static_cast<int>(columns > kLanes ? columns - kLanes : columns);
    for (std::int64_t row = 0; row < g.m;) {
      const int rows = static_cast<int>(g.m - row < kAdderRows ? g.m - row : kAdderRows);
      const std::int64_t at = row * g.ldc + column;
      const TileStore to{g.c + at,
                         g.epilogue.residual ? g.epilogue.residual + at : nullptr,
                         g.ldc,
                         kLanes,
                         g.epilogue.bias ? g.epilogue.bias + row : nullptr,
                         g.epilogue.activation.slope ? g.epilogue.activation.slope + row : nullptr,
                         last_lanes,
                         true,
                         false};
      with_rows<kAdderRows>(rows, [&]<int R>() {
        const float *a = g.a + row * g.lda, *b = g.b + panel * g.k * kPanel;
        if (columns > kLanes)
          adder_tile<R, 2>(a, g.lda, b, g.k, to, g.epilogue);
        else
          adder_tile<R, 1>(a, g.lda, b, g.k, to, g.epilogue);
      });
      row += rows;
    }
  }
}

// clamp(w - x, -1, 1) = clamp(w, x - 1, x + 1) - x, so that the sum over channels needs one operation less each.
constexpr int kGradientRows = kLanes == 16 ? 4 : 2;

template <int R>
void gradient_tile(const AdderGradientArgs& g, std::int64_t d, const float* x, const float* dy, float* dx) {
  V low[R][2], high[R][2], acc[R][2], total[2] = {zero(), zero()};
#pragma GCC unroll 4
  for (int p = 0; p < R; ++p)
#pragma GCC unroll 2
    for (int j = 0; j < 2; ++j) {
      const V center = load(x + p * kPanel + j * kLanes);
      low[p][j] = sub(center, set1(1.0f));
      high[p][j] = add(center, set1(1.0f));
      acc[p][j] = zero();
    }
  for (std::int64_t t = 0; t < g.channels; ++t) {
    const V gradient[2] = {load(dy + t * kPanel), load(dy + t * kPanel + kLanes)};
    for (int j = 0; j < 2; ++j) total[j] = add(total[j], gradient[j]);
#pragma GCC unroll 4
    for (int p = 0; p < R; ++p) {
      const V w = broadcast(g.weights + t * g.k + d + p);
#pragma GCC unroll 2
      for (int j = 0; j < 2; ++j) acc[p][j] = fma(min(max(w, low[p][j]), high[p][j]), gradient[j], acc[p][j]);
    }
  }
#pragma GCC unroll 4
  for (int p = 0; p < R; ++p)
    for (int j = 0; j < 2; ++j)
      store(dx + p * kPanel + j * kLanes, fnma(load(x + p * kPanel + j * kLanes), total[j], acc[p][j]));
}

void adder_gradient(const AdderGradientArgs& g, std::int64_t panel_begin, std::int64_t panel_end) {
  for (std::int64_t panel = panel_begin; panel < panel_end; ++panel) {
    const float *x = g.columns + panel * g.k * kPanel, *dy = g.output_gradient + panel * g.channels * kPanel;
    float* dx = g.gradient + panel * g.k * kPanel;
    for (std::int64_t d = 0; d < g.k;) {
      const int rows = static_cast<int>(g.k - d < kGradientRows ? g.k - d : kGradientRows);
      with_rows<kGradientRows>(rows, [&]<int R>() { gradient_tile<R>(g, d, x + d * kPanel, dy, dx + d * kPanel); });
      d += rows;
    }
  }
}

}  // namespace

void fill_adder(KernelTable& table) {
  table.adder = adder;
  table.adder_gradient = adder_gradient;
}

}  // namespace frugal::FRUGAL_SIMD
