// Dot products of a group by vpdpbusd: of unsigned weights and the signed input, broadcast. Before this:
// accumulate(sum, w, x), sum[v] += w[v] . x with 4 bytes of the input at x.
#pragma once

#include "kernels/simd/block_codes.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

constexpr int log2_of(int x) { return x > 1 ? 1 + log2_of(x / 2) : 0; }

template <BlockForm F>
struct Dots {
  using C = Codes<F>;
  // Of 256 bits, where an instruction of its own broadcasts: once for both vectors of a panel, and so many rows as
  // leave registers for it. Two loads a cycle, not the products, were the limit.
  static constexpr int kAtOnce = kVectors, kRows = kVectors == 1 ? 8 : 4;

  template <int G, int R>
  __attribute__((always_inline)) static void group(const std::uint8_t* codes, int first, const QuantizedUnit* x,
                                                   I (&dot)[R][kAtOnce]) {
    constexpr bool kSigned = C::kInfo.bits == 8;
    constexpr int kZero = kSigned ? 128 : C::kInfo.zero;
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
      for (I& d : dot[r])
        d = kZero > 0 ? shift_left<log2_of(kZero)>(set1_i(x[r].minus_total[C::kInfo.groups == 1 ? 0 : 1 + G]))
                      : set1_i(0);
    each_constant<C::kSteps>([&]<int J>() __attribute__((always_inline)) {
      constexpr int S = G * C::kSteps + J;
      I w[kAtOnce];
#pragma GCC unroll 2
      for (int v = 0; v < kAtOnce; ++v) {
        w[v] = C::template step<S>(codes, first + v);
        if constexpr (kSigned) w[v] = xor_i(w[v], set1_bytes(128));
      }
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) accumulate(dot[r], w, x[r].q + 4 * S);
    });
  }
};

}  // namespace
}  // namespace frugal::FRUGAL_SIMD
