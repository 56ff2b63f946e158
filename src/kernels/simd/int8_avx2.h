// Integers for the 8-bit kernels of AVX2: 8 in a vector.
#pragma once

#include "kernels/simd/vec_avx2.h"

namespace frugal::avx2 {
namespace {

using I = __m256i;

inline I load_i(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
inline I broadcast_i(const void* p) {
  std::int32_t x;
  std::memcpy(&x, p, sizeof(x));
  return _mm256_set1_epi32(x);
}
inline V to_float(I x) { return _mm256_cvtepi32_ps(x); }
// Rounded to even; v + zero lies in 0..255.
inline void store_bytes(std::uint8_t* p, V v, I zero) {
  I x = _mm256_add_epi32(_mm256_cvtps_epi32(v), zero);
  __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(words, words));
}
inline I sub_i(I a, I b) { return _mm256_sub_epi32(a, b); }
inline I mul_i(I a, I b) { return _mm256_mullo_epi32(a, b); }
inline I set1_i(std::int32_t x) { return _mm256_set1_epi32(x); }
inline __m128i load_lanes(const std::uint8_t* p) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)); }
inline void store_lanes(std::uint8_t* p, __m128i x) { _mm_storel_epi64(reinterpret_cast<__m128i*>(p), x); }

}  // namespace
}  // namespace frugal::avx2
