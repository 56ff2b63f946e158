#include "kernels/winograd.h"

namespace frugal {
namespace {

constexpr double kRoot2 = 1.41421356237309504880;
constexpr double kG2[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
constexpr double kG4[6][3] = {{1, 0, 0},
                              {-2.0 / 3, -kRoot2 / 3, -1.0 / 3},
                              {-2.0 / 3, kRoot2 / 3, -1.0 / 3},
                              {1.0 / 6, kRoot2 / 6, 1.0 / 3},
                              {1.0 / 6, -kRoot2 / 6, 1.0 / 3},
                              {0, 0, 1}};

}  // namespace

void winograd_filter(int m, const float* g, float* u) {
  const auto* G = m == 2 ? kG2 : kG4;
  const int t = m + 2;
  for (int i = 0; i < t; ++i)
    for (int j = 0; j < t; ++j) {
      double sum = 0;
      for (int a = 0; a < 3; ++a)
        for (int b = 0; b < 3; ++b) sum += G[i][a] * static_cast<double>(g[a * 3 + b]) * G[j][b];
      u[i * t + j] = static_cast<float>(sum);
    }
}

}  // namespace frugal
