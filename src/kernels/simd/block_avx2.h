// Integers for the block-quantised layers of AVX2.
#pragma once

#include "kernels/simd/int8_avx2.h"

namespace frugal::avx2 {
namespace {

inline I and_i(I a, I b) { return _mm256_and_si256(a, b); }
inline I or_i(I a, I b) { return _mm256_or_si256(a, b); }
inline I xor_i(I a, I b) { return _mm256_xor_si256(a, b); }
inline I set1_bytes(int x) { return _mm256_set1_epi8(static_cast<char>(x)); }
// 16-bit words, to the left; to the right where N is negative.
template <int N>
inline I shift_words(I a) {
  if constexpr (N > 0) return _mm256_slli_epi16(a, N);
  if constexpr (N < 0) return _mm256_srli_epi16(a, -N);
  return a;
}
template <int N>
inline I shift_left(I a) {
  return _mm256_slli_epi32(a, N);
}
template <int B>
inline I signed_byte(I a) {
  return _mm256_srai_epi32(B == 3 ? a : _mm256_slli_epi32(a, 24 - 8 * B), 24);
}
inline V load_bf16(const std::uint8_t* p) {
  const __m256i x = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  return _mm256_castsi256_ps(_mm256_slli_epi32(x, 16));
}
inline I load_small(const std::uint8_t* p) {
  return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
}

}  // namespace
}  // namespace frugal::avx2
