// The thin vector layer, 16 lanes. Included only by kernels/avx512/*.cpp; everything has internal linkage.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#define FRUGAL_SIMD avx512

// The intrinsics pass an undefined source to unmasked operations, and GCC 12 warns about its own header (PR 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"

namespace frugal::avx512 {
namespace {

using V = __m512;
using M = __mmask16;
constexpr int kLanes = 16;
constexpr int kTileRows = 14;  // 14 x 2 accumulators, 2 weights and 1 broadcast of the 32 registers

// The lower half of a vector, worth its own arithmetic where a block has few channels: it costs half (Zen 4) or as
// much.
using H = __m256;
constexpr bool kHalfIsCheaper = true;
inline H lower(V v) { return _mm512_castps512_ps256(v); }
inline V whole(H v) { return _mm512_zextps256_ps512(v); }
inline H load_lower(const float* p) { return _mm256_loadu_ps(p); }
inline H fma(H a, H b, H c) { return _mm256_fmadd_ps(a, b, c); }

inline M first_lanes(int n) { return static_cast<M>((1u << n) - 1u); }

inline V zero() { return _mm512_setzero_ps(); }
inline V set1(float x) { return _mm512_set1_ps(x); }
inline V broadcast(const float* p) { return _mm512_set1_ps(*p); }
inline V load(const float* p) { return _mm512_loadu_ps(p); }
inline V load_first(const float* p, int n) { return n >= kLanes ? load(p) : _mm512_maskz_loadu_ps(first_lanes(n), p); }
inline void store(float* p, V v) { _mm512_storeu_ps(p, v); }
inline void store_first(float* p, V v, int n) {
  if (n >= kLanes)
    store(p, v);
  else
    _mm512_mask_storeu_ps(p, first_lanes(n), v);
}
// Halves and bytes as floats, and back to halves (round to nearest even)
inline V load_halves(const std::uint16_t* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
inline V load_bytes(const std::int8_t* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
inline V load_bytes(const std::uint8_t* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
inline void store_halves(std::uint16_t* p, V v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
}
inline V add(V a, V b) { return _mm512_add_ps(a, b); }
inline V sub(V a, V b) { return _mm512_sub_ps(a, b); }
inline V mul(V a, V b) { return _mm512_mul_ps(a, b); }
inline V div(V a, V b) { return _mm512_div_ps(a, b); }
inline V sqrt(V a) { return _mm512_sqrt_ps(a); }
inline V min(V a, V b) { return _mm512_min_ps(a, b); }  // b where either is NaN
inline V max(V a, V b) { return _mm512_max_ps(a, b); }  // b where either is NaN
inline V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
inline V fnma(V a, V b, V c) { return _mm512_fnmadd_ps(a, b, c); }
inline V abs(V a) { return _mm512_abs_ps(a); }
inline V negate(V a) { return _mm512_xor_ps(set1(-0.0f), a); }
inline V copysign(V magnitude, V sign) { return _mm512_or_ps(abs(magnitude), _mm512_and_ps(set1(-0.0f), sign)); }
inline V round(V a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline V floor(V a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
inline M equal(V a, V b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }  // no where either is NaN
inline M less(V a, V b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
inline V select(M m, V yes, V no) { return _mm512_mask_blend_ps(m, no, yes); }
// v * 2^n, n integral, with gradual underflow and overflow to infinity
inline V scale(V v, V n) { return _mm512_scalef_ps(v, n); }
// v = result * 2^exponent with the result in [1/2, 1), for normal positive v
inline V mantissa(V v, V* exponent) {
  *exponent = _mm512_add_ps(_mm512_getexp_ps(v), set1(1.0f));
  return _mm512_getmant_ps(v, _MM_MANT_NORM_p5_1, _MM_MANT_SIGN_src);
}
inline float sum(V v) {
  __m256 x = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  __m128 y = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  y = _mm_add_ps(y, _mm_movehl_ps(y, y));
  return _mm_cvtss_f32(_mm_add_ss(y, _mm_shuffle_ps(y, y, 1)));
}
inline float maximum(V v) { return _mm512_reduce_max_ps(v); }

}  // namespace
}  // namespace frugal::avx512
