// The register tile every matrix-like kernel is made of.
#pragma once

#include "kernels/simd/epilogue.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

// acc[p][b] += sum over k < count of a[p * row_step + k * k_step] * w[k * w_step + b * kLanes],
// one FMA chain in the order of k. Called with constant steps, the addresses become displacements.
template <int R, int NB>
__attribute__((always_inline)) inline void accumulate(V (&acc)[R][NB], const float* a, std::int64_t row_step,
                                                      std::int64_t k_step, const float* w, std::int64_t w_step,
                                                      std::int64_t count) {
#pragma GCC unroll 1  // unrolled, the compiler runs out of registers
  for (std::int64_t k = 0; k < count; ++k) {
    V wv[NB];
#pragma GCC unroll 4
    for (int b = 0; b < NB; ++b) wv[b] = load(w + b * kLanes);
#pragma GCC unroll 16
    for (int p = 0; p < R; ++p) {
      V x = broadcast(a + p * row_step);
#pragma GCC unroll 4
      for (int b = 0; b < NB; ++b) acc[p][b] = fma(x, wv[b], acc[p][b]);
    }
    a += k_step;
    w += w_step;
  }
}

template <int R, int NB>
__attribute__((always_inline)) inline void clear(V (&acc)[R][NB]) {
#pragma GCC unroll 16
  for (int p = 0; p < R; ++p) {
#pragma GCC unroll 4
    for (int b = 0; b < NB; ++b) acc[p][b] = zero();
  }
}

// Calls f with rows as a compile-time constant: f.template operator()<rows>().
template <int R, typename F>
__attribute__((always_inline)) inline void with_rows(int rows, F f) {
  if constexpr (R > 0) {
    if (rows == R)
      f.template operator()<R>();
    else
      with_rows<R - 1>(rows, f);
  }
}

// The size of the next tile when `left` items remain: full tiles, and two about equal ones at the end.
inline int next_tile(std::int64_t left) {
  if (left >= 2 * kTileRows) return kTileRows;
  return static_cast<int>(left <= kTileRows ? left : (left + 1) / 2);
}

}  // namespace
}  // namespace frugal::FRUGAL_SIMD
