// Bytes in vectors for the adder convolution: 4 pixels of 8 channels.
#pragma once

#include "kernels/simd/vec_avx2.h"

namespace frugal::avx2 {
namespace {

using W = __m256i;
constexpr int kPixels = 4;

inline W load_raw(const std::uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
// Half of them from each place.
inline W load_halves_of_bytes(const std::uint8_t* first, const std::uint8_t* second) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(first))),
                                 _mm_loadu_si128(reinterpret_cast<const __m128i*>(second)), 1);
}
inline W broadcast_bytes(const std::uint8_t* p) {
  long long bytes;
  std::memcpy(&bytes, p, sizeof bytes);
  return _mm256_set1_epi64x(bytes);
}
inline W no_bytes() { return _mm256_setzero_si256(); }
inline W distance(W a, W b) { return _mm256_sad_epu8(a, b); }
// In place: the compiler would move every sum through another register, and spill.
inline void add_to(W& sum, W x) { asm("vpaddd %1, %0, %0" : "+x"(sum) : "x"(x)); }
// Sums of pixels, as floats.
inline V floats_of(W first, W second) {
  const __m256 low = _mm256_shuffle_ps(_mm256_castsi256_ps(first), _mm256_castsi256_ps(second), 0x88);
  return _mm256_cvtepi32_ps(_mm256_permute4x64_epi64(_mm256_castps_si256(low), 0xd8));
}
// The first n lanes; a masked store takes many cycles on some processors.
inline void store_part(float* p, V v, int n) {
  __m128 x = lower(v);
  if (n >= 4) {
    _mm_storeu_ps(p, x);
    x = _mm256_extractf128_ps(v, 1);
    p += 4;
  }
  if (n & 2) {
    _mm_storel_pi(reinterpret_cast<__m64*>(p), x);
    x = _mm_movehl_ps(x, x);
    p += 2;
  }
  if (n & 1) _mm_store_ss(p, x);
}
// Whole numbers, which with `zero` are bytes: the first n.
inline void store_numbers(std::uint8_t* p, V steps, int zero, int n) {
  const __m256i s = _mm256_cvtps_epi32(steps);
  const __m128i words = _mm_add_epi16(_mm_packs_epi32(_mm256_castsi256_si128(s), _mm256_extracti128_si256(s, 1)),
                                      _mm_set1_epi16(static_cast<short>(zero)));
  auto bytes = static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_packus_epi16(words, words)));
  if (n >= 8) {
    std::memcpy(p, &bytes, 8);
    return;
  }
  if (n & 4) std::memcpy(p, &bytes, 4), p += 4, bytes >>= 32;
  if (n & 2) std::memcpy(p, &bytes, 2), p += 2, bytes >>= 16;
  if (n & 1) *p = static_cast<std::uint8_t>(bytes);
}
inline V second_half(V v) { return _mm256_permute2f128_ps(v, v, 0x11); }
inline V halves(V first, V second) { return _mm256_permute2f128_ps(first, second, 0x20); }

}  // namespace
}  // namespace frugal::avx2
