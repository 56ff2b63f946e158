// Bytes in vectors for the adder convolution: 8 pixels of 8 channels.
#pragma once

#include "kernels/simd/vec_avx512.h"

namespace frugal::avx512 {
namespace {

using W = __m512i;
constexpr int kPixels = 8;

inline W load_bytes(const std::uint8_t* p) { return _mm512_loadu_si512(p); }
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
  const __m256i low = _mm512_cvtepi64_epi32(first), high = _mm512_cvtepi64_epi32(second);
  return _mm512_cvtepi32_ps(_mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1));
}
inline void store_part(float* p, V v, int n) { store_first(p, v, n); }
inline V second_half(V v) { return _mm512_shuffle_f32x4(v, v, 0xee); }
inline V halves(V first, V second) { return _mm512_shuffle_f32x4(first, second, 0x44); }

}  // namespace
}  // namespace frugal::avx512
