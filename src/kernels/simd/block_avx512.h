// Integers for the block-quantised layers of AVX-512.
#pragma once

#include "kernels/simd/int8_avx512.h"

namespace frugal::avx512 {
namespace {

inline I and_i(I a, I b) { return _mm512_and_si512(a, b); }
inline I or_i(I a, I b) { return _mm512_or_si512(a, b); }
inline I xor_i(I a, I b) { return _mm512_xor_si512(a, b); }
inline I set1_bytes(int x) { return _mm512_set1_epi8(static_cast<char>(x)); }
// 16-bit words, to the left; to the right where N is negative.
template <int N>
inline I shift_words(I a) {
  if constexpr (N > 0) return _mm512_slli_epi16(a, N);
  if constexpr (N < 0) return _mm512_srli_epi16(a, -N);
  return a;
}
template <int N>
inline I shift_left(I a) {
  return _mm512_slli_epi32(a, N);
}
template <int B>
inline I signed_byte(I a) {
  return _mm512_srai_epi32(B == 3 ? a : _mm512_slli_epi32(a, 24 - 8 * B), 24);
}
inline V load_bf16(const std::uint8_t* p) {
  const __m512i x = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  return _mm512_castsi512_ps(_mm512_slli_epi32(x, 16));
}
inline I load_small(const std::uint8_t* p) {
  return _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}

}  // namespace
}  // namespace frugal::avx512
