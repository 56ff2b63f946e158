// The transform of the filters, in double precision. Every loop runs over the filters, side by side, so that the
// compiler makes vectors of them.
#pragma once

#include "kernels/winograd.h"

namespace frugal::FRUGAL_SIMD {
namespace {

constexpr double kRoot2Exact = 1.41421356237309504880;

// One number of each filter.
using Row = double[kWinogradFilters];

// G times a column of three, into t rows that lie `step` apart.
template <int M>
void times_g(const Row* __restrict x, int x_step, Row* __restrict y, int y_step) {
  const Row &x0 = x[0], &x1 = x[x_step], &x2 = x[2 * x_step];
  for (int j = 0; j < kWinogradFilters; ++j) {
    y[0][j] = x0[j];
    if constexpr (M == 2) {
      y[y_step][j] = 0.5 * (x0[j] + x2[j]) + 0.5 * x1[j];
      y[2 * y_step][j] = 0.5 * (x0[j] + x2[j]) - 0.5 * x1[j];
    } else {
      const double a = -2.0 / 3 * x0[j] - 1.0 / 3 * x2[j], b = kRoot2Exact / 3 * x1[j];
      const double c = 1.0 / 6 * x0[j] + 1.0 / 3 * x2[j], d = kRoot2Exact / 6 * x1[j];
      y[y_step][j] = a - b;
      y[2 * y_step][j] = a + b;
      y[3 * y_step][j] = c + d;
      y[4 * y_step][j] = c - d;
    }
    y[(M + 1) * y_step][j] = x2[j];
  }
}

template <int M>
void transform_filters(int count, const float* g, std::int64_t step, float* u, std::int64_t u_step) {
  constexpr int t = M + 2;
  Row in[9] = {}, half[t * 3], out[t * t];
  for (int j = 0; j < count; ++j)
    for (int i = 0; i < 9; ++i) in[i][j] = static_cast<double>(g[j * step + i]);
  for (int column = 0; column < 3; ++column) times_g<M>(in + column, 3, half + column, 3);
  for (int row = 0; row < t; ++row) times_g<M>(half + row * 3, 1, out + row * t, 1);
  for (int p = 0; p < t * t; ++p)
    for (int j = 0; j < count; ++j) u[p * u_step + j] = static_cast<float>(out[p][j]);
}

}  // namespace

void winograd_filters(int m, int count, const float* g, std::int64_t step, float* u, std::int64_t u_step) {
  m == 2 ? transform_filters<2>(count, g, step, u, u_step) : transform_filters<4>(count, g, step, u, u_step);
}

}  // namespace frugal::FRUGAL_SIMD
