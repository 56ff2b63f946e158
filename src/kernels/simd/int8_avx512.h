// Integers for the 8-bit kernels: 16 in a vector.
#pragma once

#include "kernels/simd/vec_avx512.h"

namespace frugal::avx512 {
namespace {

using I = __m512i;

inline I load_i(const void* p) { return _mm512_loadu_si512(p); }
inline I broadcast_i(const void* p) {
  std::int32_t x;
  std::memcpy(&x, p, sizeof(x));
  return _mm512_set1_epi32(x);
}
inline V to_float(I x) { return _mm512_cvtepi32_ps(x); }
// Rounded to even; low bytes of v + zero.
inline __m128i to_bytes(V v, I zero) { return _mm512_cvtepi32_epi8(_mm512_add_epi32(_mm512_cvtps_epi32(v), zero)); }
inline void store_bytes(std::uint8_t* p, V v, I zero) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), to_bytes(v, zero));
}
inline I sub_i(I a, I b) { return _mm512_sub_epi32(a, b); }
inline I mul_i(I a, I b) { return _mm512_mullo_epi32(a, b); }
inline I set1_i(std::int32_t x) { return _mm512_set1_epi32(x); }
inline __m128i load_lanes(const std::uint8_t* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
inline void store_lanes(std::uint8_t* p, __m128i x) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), x); }

}  // namespace
}  // namespace frugal::avx512
