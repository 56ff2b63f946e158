#include "kernels/simd/block_avx2.h"
//
#include "kernels/simd/block_codes.inl"

namespace frugal::avx2 {
namespace {

// Dot products of a group by vpmaddubsw, which adds two products of an unsigned weight and a signed input within 16
// bits. Inputs are at most 127 in magnitude, so that
//   codes of up to 4 bits   8 steps of a pair each,  8 * 2 * 15 * 127 = 30480
//             5 bits        4,                       4 * 2 * 31 * 127 = 31496
//             6 bits        2,                       2 * 2 * 63 * 127 = 32004
//   signed bytes            1: magnitudes of weights, to which the input gives their signs, 2 * 128 * 127 = 32512
// stay below 32768 and are exact before vpmaddwd widens them.
template <BlockForm F>
struct Dots {
  using C = Codes<F>;
  static constexpr int kAtOnce = 1, kRows = 8;  // vectors of a panel, and rows, that group() does
  static constexpr bool kSigned = C::kInfo.bits == 8;
  static constexpr int kTogether = C::kInfo.bits <= 4 ? 8 : C::kInfo.bits == 5 ? 4 : C::kInfo.bits == 6 ? 2 : 1;

  // Sums of pairs of products. In assembler: the compiler would add them up in another order, with more of them at a
  // time than there are registers.
  template <int S>
  static I products(I w, const QuantizedUnit& x) {
    I input = broadcast_i(x.q + 4 * S), out;
    if constexpr (kSigned) input = _mm256_sign_epi8(input, w);
    asm("vpmaddubsw %1, %2, %0" : "=x"(out) : "x"(input), "x"(kSigned ? _mm256_abs_epi8(w) : w));
    return out;
  }
  template <int S>
  static I add_products(I sum, I w, const QuantizedUnit& x) {
    I more = products<S>(w, x);
    asm("vpaddw %1, %0, %0" : "+x"(sum) : "x"(more));
    return sum;
  }

  template <int G, int R>
  __attribute__((always_inline)) static void group(const std::uint8_t* codes, int v, const QuantizedUnit* x,
                                                   I (&dot)[R][1]) {
    const I ones = _mm256_set1_epi16(1);
    I words[R];
    each_constant<C::kSteps>([&]<int J>() __attribute__((always_inline)) {
      constexpr int S = G * C::kSteps + J;
      const I w = C::template step<S>(codes, v);
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        words[r] = J % kTogether == 0 ? products<S>(w, x[r]) : add_products<S>(words[r], w, x[r]);
        if constexpr (J % kTogether == kTogether - 1 || J + 1 == C::kSteps) {
          const I sums = _mm256_madd_epi16(words[r], ones);
          dot[r][0] = J < kTogether ? sums : _mm256_add_epi32(dot[r][0], sums);
        }
      }
    });
    if constexpr (C::kInfo.zero > 0) {
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        const I total = set1_i(x[r].minus_total[C::kInfo.groups == 1 ? 0 : 1 + G]);
        dot[r][0] = _mm256_add_epi32(dot[r][0], shift_left<__builtin_ctz(C::kInfo.zero | 256)>(total));
      }
    }
  }
};

}  // namespace
}  // namespace frugal::avx2

#include "kernels/simd/block_quantized.inl"

namespace frugal::avx2 {

void fill_block_quantized(BlockLinearTable& table) { fill_quantized(table, "vpmaddubsw"); }

}  // namespace frugal::avx2
