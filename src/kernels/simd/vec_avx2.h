// The thin vector layer, 8 lanes. Included only by kernels/avx2/*.cpp; everything has internal linkage.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#define FRUGAL_SIMD avx2

namespace frugal::avx2 {
namespace {

using V = __m256;
using M = __m256;  // a lane mask, as comparisons yield it
constexpr int kLanes = 8;
constexpr int kTileRows = 6;  // 6 x 2 accumulators, 2 weights and 1 broadcast fill the 16 registers

using H = __m128;  // the lower half of a vector
constexpr bool kHalfIsCheaper = false;
inline H lower(V v) { return _mm256_castps256_ps128(v); }
inline V whole(H v) { return _mm256_zextps128_ps256(v); }
inline H load_lower(const float* p) { return _mm_loadu_ps(p); }
inline H fma(H a, H b, H c) { return _mm_fmadd_ps(a, b, c); }

alignas(32) constexpr std::int32_t kMaskTable[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
inline __m256i first_lanes(int n) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kMaskTable + 8 - n)); }

inline V zero() { return _mm256_setzero_ps(); }
inline V set1(float x) { return _mm256_set1_ps(x); }
inline V broadcast(const float* p) { return _mm256_broadcast_ss(p); }
inline V load(const float* p) { return _mm256_loadu_ps(p); }
inline V load_first(const float* p, int n) { return n >= kLanes ? load(p) : _mm256_maskload_ps(p, first_lanes(n)); }
inline void store(float* p, V v) { _mm256_storeu_ps(p, v); }
inline void store_first(float* p, V v, int n) {
  if (n >= kLanes)
    store(p, v);
  else
    _mm256_maskstore_ps(p, first_lanes(n), v);
}
// Halves and bytes as floats, and back to halves (round to nearest even)
inline V load_halves(const std::uint16_t* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline V load_bytes(const std::int8_t* p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}
inline V load_bytes(const std::uint8_t* p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}
inline void store_halves(std::uint16_t* p, V v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
}
inline V add(V a, V b) { return _mm256_add_ps(a, b); }
inline V sub(V a, V b) { return _mm256_sub_ps(a, b); }
inline V mul(V a, V b) { return _mm256_mul_ps(a, b); }
inline V div(V a, V b) { return _mm256_div_ps(a, b); }
inline V sqrt(V a) { return _mm256_sqrt_ps(a); }
inline V min(V a, V b) { return _mm256_min_ps(a, b); }  // b where either is NaN
inline V max(V a, V b) { return _mm256_max_ps(a, b); }  // b where either is NaN
inline V fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
inline V fnma(V a, V b, V c) { return _mm256_fnmadd_ps(a, b, c); }
inline V abs(V a) { return _mm256_andnot_ps(set1(-0.0f), a); }
inline V negate(V a) { return _mm256_xor_ps(set1(-0.0f), a); }
inline V copysign(V magnitude, V sign) { return _mm256_or_ps(abs(magnitude), _mm256_and_ps(set1(-0.0f), sign)); }
inline V round(V a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline V floor(V a) { return _mm256_floor_ps(a); }
inline M equal(V a, V b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }  // no where either is NaN
inline M less(V a, V b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
inline V select(M m, V yes, V no) { return _mm256_blendv_ps(no, yes, m); }
inline V power_of_2(__m256i n) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}
// v * 2^n, n integral within -300..300, with gradual underflow and overflow to infinity
inline V scale(V v, V n) {
  __m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);
  return mul(mul(v, power_of_2(half)), power_of_2(_mm256_sub_epi32(whole, half)));
}
// v = result * 2^exponent with the result in [1/2, 1), for normal positive v
inline V mantissa(V v, V* exponent) {
  __m256i bits = _mm256_castps_si256(v);
  *exponent = _mm256_cvtepi32_ps(_mm256_sub_epi32(_mm256_srli_epi32(bits, 23), _mm256_set1_epi32(126)));
  bits = _mm256_or_si256(_mm256_and_si256(bits, _mm256_set1_epi32(0x007fffff)), _mm256_set1_epi32(0x3f000000));
  return _mm256_castsi256_ps(bits);
}
inline float sum(V v) {
  __m128 x = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_shuffle_ps(x, x, 1)));
}
inline float maximum(V v) {
  __m128 x = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  x = _mm_max_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_max_ss(x, _mm_shuffle_ps(x, x, 1)));
}

}  // namespace
}  // namespace frugal::avx2
