// Integers for the 8-bit kernels: 8 sums, two products each. vpmaddwd on 16 bits is exact for every byte, and as fast
// as vpmaddubsw with vpmaddwd, which is not: both keep the two multipliers busy for 16 products each.
#pragma once

#include "kernels/simd/int8_avx2_common.h"

namespace frugal::avx2 {
namespace {

constexpr int kStep = 2;  // input channels of one dot product
using Packed = std::int16_t;

inline I dot(I sum, I x, I w) { return _mm256_add_epi32(sum, _mm256_madd_epi16(x, w)); }
// A pixel's block of channels as dot products read it: 16 bits each.
inline void stage_pixel(const std::uint8_t* from, std::uint8_t* to) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                   _mm_cvtepu8_epi16(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
}

}  // namespace
}  // namespace frugal::avx2
