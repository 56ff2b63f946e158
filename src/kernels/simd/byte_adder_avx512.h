// Bytes in vectors for the adder convolution: 8 pixels of 8 channels.
#pragma once

#include "kernels/simd/vec_avx512.h"

namespace frugal::avx512 {
namespace {

using W = __m512i;
constexpr int kPixels = 8;

inline W load_raw(const std::uint8_t* p) { return _mm512_loadu_si512(p); }
// Half of them from each place.
inline W load_halves_of_bytes(const std::uint8_t* first, const std::uint8_t* second) {
  return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(first))),
                            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(second)), 1);
}
inline W broadcast_bytes(const std::uint8_t* p) {
  long long bytes;
  std::memcpy(&bytes, p, sizeof bytes);
  return _mm512_set1_epi64(bytes);
}
inline W no_bytes() { return _mm512_setzero_si512(); }
inline W distance(W a, W b) { return _mm512_sad_epu8(a, b); }
// In place: the compiler would move every sum through another register.
inline void add_to(W& sum, W x) { asm("vpaddd %1, %0, %0" : "+v"(sum) : "v"(x)); }
// Sums of pixels, as floats.
inline V floats_of(W first, W second) {
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  return _mm512_cvtepi32_ps(_mm512_permutex2var_epi32(first, even, second));
}
inline void store_part(float* p, V v, int n) { store_first(p, v, n); }
// Whole numbers, which with `zero` are bytes: the first n.
inline void store_numbers(std::uint8_t* p, V steps, int zero, int n) {
  const __m512i numbers = _mm512_add_epi32(_mm512_cvtps_epi32(steps), _mm512_set1_epi32(zero));
  if (n >= kLanes)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(numbers));
  else
    _mm_mask_storeu_epi8(p, first_lanes(n), _mm512_cvtepi32_epi8(numbers));
}
inline V second_half(V v) { return _mm512_shuffle_f32x4(v, v, 0xee); }
inline V halves(V first, V second) { return _mm512_shuffle_f32x4(first, second, 0x44); }

}  // namespace
}  // namespace frugal::avx512
