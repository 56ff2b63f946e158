// Winograd's minimal filtering F(m x m, 3 x 3) (Lavin and Gray, arXiv
// 1509.09308), t = m + 2:
//   Y = A^T [ (G g G^T) . (B^T d B) ] A
// The interpolation points are 0, 1, -1 for m = 2 and 0, +-1/sqrt(2), +-sqrt(2)
// for m = 4 (and infinity in both), which keeps the error of m = 4 at 2.5e-6 of
// the largest output (256 channels; a plain sum has 1.7e-6).
// kernels/simd/winograd.inl has B and A, winograd_filters.inl has G, which is
// applied once, when weights are packed.
#pragma once

#include "kernels/types.h"

namespace frugal {

// u = G g G^T for `count` filters g of 3 x 3, which lie `step` floats apart;
// element p of filter j goes to u[p * u_step + j]. At most kWinogradFilters at
// once.
constexpr int kWinogradFilters = 32;
using WinogradFilters = void(int m, int count, const float* g, std::int64_t step, float* u, std::int64_t u_step);
namespace avx2 {
WinogradFilters winograd_filters;
}
namespace avx512 {
WinogradFilters winograd_filters;
}

}  // namespace frugal
