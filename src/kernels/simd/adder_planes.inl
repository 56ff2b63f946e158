// Floats, or bytes that have been rounded before, to planes of bytes (AdderPlanes). 8 pixels of 8 channels at a time,
// in vectors of 256 bits on every instruction set: rows are short.
#pragma once

#include <algorithm>

#include "kernels/byte_adder_types.h"

namespace frugal::FRUGAL_SIMD {
namespace {

alignas(32) constexpr std::int32_t kFirstOf8[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

// From whole numbers [channel][8 pixels] in 0..255 to bytes [pixel][8 channels], 4 pixels in each result.
__attribute__((always_inline)) inline void transpose_bytes(const __m256i (&c)[8], __m256i (&pixels)[2]) {
  const __m256i in_pixels = _mm256_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15,  //
                                             0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  __m256i four[2];  // 4 channels of [pixels 0..3 | pixels 4..7]
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i)
    four[i] = _mm256_shuffle_epi8(
        _mm256_packus_epi16(_mm256_packs_epi32(c[4 * i], c[4 * i + 1]), _mm256_packs_epi32(c[4 * i + 2], c[4 * i + 3])),
        in_pixels);
  const __m256i low = _mm256_unpacklo_epi32(four[0], four[1]), high = _mm256_unpackhi_epi32(four[0], four[1]);
  pixels[0] = _mm256_permute2x128_si256(low, high, 0x20);
  pixels[1] = _mm256_permute2x128_si256(low, high, 0x31);
}

// The same from bytes.
__attribute__((always_inline)) inline void transpose_bytes(const __m128i (&c)[8], __m256i (&pixels)[2]) {
  __m128i two[4], four[4];  // channels of pixels 0..7; of pixels 0..3, 4..7 twice
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) two[i] = _mm_unpacklo_epi8(c[2 * i], c[2 * i + 1]);
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i) {
    four[2 * i] = _mm_unpacklo_epi16(two[2 * i], two[2 * i + 1]);
    four[2 * i + 1] = _mm_unpackhi_epi16(two[2 * i], two[2 * i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i)
    pixels[i] = _mm256_set_m128i(_mm_unpackhi_epi32(four[i], four[i + 2]), _mm_unpacklo_epi32(four[i], four[i + 2]));
}

// A few instructions less where bytes saturate by themselves: no zero point, and no group's steps can overflow int32.
// Or no rounding at all.
enum class Grid { plain, saturated, with_zero, rounded };

// What activations are cut at so that no group makes more than 2^30 steps of one; 0 where the finest grid would cut
// what the coarsest one needs.
float most_of_32_bits(const AdderPlanesArgs& a) {
  const auto [least, most] = std::minmax_element(a.grids.inverse, a.grids.inverse + a.layout.groups);
  const float cut = 0x1p30f / *most;
  return cut * *least > static_cast<float>(2 * a.grids.qmax) ? cut : 0;
}

template <Grid kGrid, bool Excess>
class PlaneRows {
  static constexpr bool Signed = kGrid == Grid::with_zero, Saturated = kGrid == Grid::saturated,
                        Rounded = kGrid == Grid::rounded;

 public:
  explicit PlaneRows(const AdderPlanesArgs& args)
      : a_(args), p_(args.layout), most_(Saturated ? most_of_32_bits(args) : args.grids.limit) {
    if (args.grids.limit > 0) most_ = std::min(most_, args.grids.limit);
  }

  void row(std::int64_t row) const {
    const std::int64_t y = row * p_.row_step - p_.pad_top;
    const bool inside = y >= 0 && y < p_.in_h;
    const std::int64_t left = std::min(p_.pad_left, p_.width), count = inside ? std::min(p_.in_w, p_.width - left) : 0;
    for (std::int64_t g = 0; g < p_.groups; ++g) {
      for (std::int64_t block = 0; block < p_.blocks; ++block) margins(place(g, block, row), left, count);
      if constexpr (Excess) std::fill_n(a_.excess + (g * p_.rows + row) * p_.width, p_.width, 0);
    }
    for (std::int64_t block = 0; count > 0 && block < p_.blocks; ++block)
      for (std::int64_t x = 0; x < count; x += 8)
        pixels(row, block, (8 * block * p_.in_h + y) * p_.in_w + x, left + x,
               static_cast<int>(std::min<std::int64_t>(8, count - x)));
  }

 private:
  std::uint8_t* place(std::int64_t g, std::int64_t block, std::int64_t row) const {
    return a_.planes + g * p_.group_bytes + block * p_.block_bytes + row * p_.row_bytes;
  }

  // f(place in the row, pixel) for `count` pixels from `column` on that are kept.
  template <typename F>
  void each_place(std::int64_t column, std::int64_t count, F f) const {
    std::int64_t phase = column % p_.stride, at = column / p_.stride;
    for (std::int64_t i = 0; i < count; ++i) {
      if (phase < p_.phases) f((phase * p_.columns + at) * 8, i);
      if (++phase == p_.stride) phase = 0, ++at;
    }
  }

  // A margin is a pixel or two: no call of memset.
  void fill(std::uint8_t* row, std::int64_t column, std::int64_t count) const {
    const std::uint64_t zeros = 0x0101010101010101u * static_cast<std::uint64_t>(a_.grids.zero);
    if (p_.stride == 1)
      for (std::int64_t i = 0; i < count; ++i) std::memcpy(row + (column + i) * 8, &zeros, 8);
    else
      each_place(column, count, [&](std::int64_t place, std::int64_t) { std::memcpy(row + place, &zeros, 8); });
  }

  void margins(std::uint8_t* row, std::int64_t left, std::int64_t count) const {
    fill(row, 0, left);
    fill(row, left + count, p_.width - left - count);
  }

  // Up to 8 pixels of a block of channels, which begin at `from`, to column `column` of every group's row.
  void pixels(std::int64_t row, std::int64_t block, std::int64_t from, std::int64_t column, int count) const {
    const auto channels = static_cast<int>(std::min<std::int64_t>(8, p_.channels - 8 * block));
    const std::int64_t step = p_.in_h * p_.in_w;
    std::uint8_t* to = place(0, block, row);
    if constexpr (Rounded) {
      for (std::int64_t g = 0; g < p_.groups; ++g, to += p_.group_bytes, from += p_.channels * step) {
        __m256i bytes[2];
        if (channels == 8 && count == 8) {
          __m128i c[8];
#pragma GCC unroll 8
          for (int i = 0; i < 8; ++i)
            c[i] = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(a_.numbers + from + i * step));
          transpose_bytes(c, bytes);
        } else {
          some_numbers(from, step, channels, count, bytes);
        }
        put(to, column, count, bytes);
      }
      return;
    }
    const float* x = a_.x + from;
    __m256 v[8];
    if (channels == 8 && count == 8) {
#pragma GCC unroll 8
      for (int c = 0; c < 8; ++c) v[c] = cut(_mm256_loadu_ps(x + c * step));
    } else {
      const __m256i lanes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kFirstOf8 + 8 - count));
      for (int c = 0; c < 8; ++c)
        v[c] = c < channels ? cut(_mm256_maskload_ps(x + c * step, lanes)) : _mm256_setzero_ps();
    }
    for (std::int64_t g = 0; g < p_.groups; ++g, to += p_.group_bytes) {
      __m256i bytes[2];
      quantize(v, g, count, Excess ? a_.excess + (g * p_.rows + row) * p_.width + column : nullptr, bytes);
      put(to, column, count, bytes);
    }
  }

  __attribute__((noinline)) void some_numbers(std::int64_t from, std::int64_t step, int channels, int count,
                                              __m256i (&bytes)[2]) const {
    __m128i c[8];
    for (int i = 0; i < 8; ++i)
      c[i] = i < channels ? numbers(from + i * step, count) : _mm_set1_epi8(static_cast<char>(a_.grids.zero));
    transpose_bytes(c, bytes);
  }

  // 8 numbers, of which `count` have a meaning.
  __m128i numbers(std::int64_t at, int count) const {
    const std::uint8_t* from = a_.numbers + at;
    if (count == 8 || at + 8 <= p_.groups * p_.channels * p_.in_h * p_.in_w)
      return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
    std::uint64_t some = 0;
    std::memcpy(&some, from, static_cast<std::size_t>(count));
    return _mm_cvtsi64_si128(static_cast<long long>(some));
  }

  // NaN becomes 0; without a zero point negative numbers do too.
  __m256 cut(__m256 x) const {
    if constexpr (Signed) {
      x = _mm256_and_ps(x, _mm256_cmp_ps(x, x, _CMP_ORD_Q));
      if (a_.grids.limit > 0)
        x = _mm256_max_ps(_mm256_min_ps(x, _mm256_set1_ps(a_.grids.limit)), _mm256_set1_ps(-a_.grids.limit));
    } else {
      x = _mm256_max_ps(x, _mm256_setzero_ps());
      if (Saturated || a_.grids.limit > 0) x = _mm256_min_ps(x, _mm256_set1_ps(most_));
    }
    return x;
  }

  void quantize(const __m256 (&v)[8], std::int64_t g, int count, std::int32_t* excess, __m256i (&bytes)[2]) const {
    const __m256 inverse = _mm256_set1_ps(a_.grids.inverse[g]),
                 lowest = _mm256_set1_ps(static_cast<float>(-a_.grids.zero)),
                 highest = _mm256_set1_ps(static_cast<float>(a_.grids.qmax - a_.grids.zero)),
                 most = _mm256_set1_ps(static_cast<float>(a_.grids.qmax - a_.grids.zero + kMostExcess));
    const __m256i zero_point = _mm256_set1_epi32(a_.grids.zero);
    __m256i steps[8], over = _mm256_setzero_si256();
#pragma GCC unroll 8
    for (int c = 0; c < 8; ++c) {
      __m256 s = _mm256_mul_ps(v[c], inverse);
      if constexpr (Excess)
        over = _mm256_add_epi32(over, _mm256_cvtps_epi32(_mm256_min_ps(_mm256_max_ps(s, highest), most)));
      if constexpr (Signed) s = _mm256_max_ps(s, lowest);
      if constexpr (!Saturated) s = _mm256_min_ps(s, highest);
      steps[c] = _mm256_cvtps_epi32(s);
      if constexpr (Signed) steps[c] = _mm256_add_epi32(steps[c], zero_point);
    }
    transpose_bytes(steps, bytes);
    if constexpr (Saturated) {
      const __m256i qmax = _mm256_set1_epi8(static_cast<char>(a_.grids.qmax));
      for (__m256i& half : bytes) half = _mm256_min_epu8(half, qmax);
    }
    if constexpr (Excess) {
      alignas(32) std::int32_t of_pixel[8];
      over = _mm256_sub_epi32(over, _mm256_set1_epi32(8 * (a_.grids.qmax - a_.grids.zero)));
      _mm256_store_si256(reinterpret_cast<__m256i*>(of_pixel), over);
      for (int i = 0; i < count; ++i) excess[i] += of_pixel[i];
    }
  }

  static void put_8(std::uint8_t* to, const __m256i (&bytes)[2]) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), bytes[0]);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 32), bytes[1]);
  }

  void put(std::uint8_t* row, std::int64_t column, int count, const __m256i (&bytes)[2]) const {
    if (p_.stride == 1 && count == 8) return put_8(row + column * 8, bytes);
    if (p_.stride == 2 && count == 8) {
      const __m256i every_second[2] = {_mm256_unpacklo_epi64(bytes[0], bytes[1]),
                                       _mm256_unpackhi_epi64(bytes[0], bytes[1])};
      for (std::int64_t i = 0; i < 2; ++i) {
        const std::int64_t phase = (column + i) % 2;
        if (phase < p_.phases)
          _mm256_storeu_si256(reinterpret_cast<__m256i*>(row + (phase * p_.columns + (column + i) / 2) * 8),
                              _mm256_permute4x64_epi64(every_second[i], 0xd8));
      }
      return;
    }
    alignas(32) std::uint8_t pixel[8][8];
    put_8(pixel[0], bytes);
    each_place(column, count, [&](std::int64_t place, std::int64_t i) { std::memcpy(row + place, pixel[i], 8); });
  }

  const AdderPlanesArgs& a_;
  const AdderPlanes& p_;
  float most_;
};

template <Grid kGrid, bool Excess>
void plane_rows(const AdderPlanesArgs& a, std::int64_t begin, std::int64_t end) {
  const PlaneRows<kGrid, Excess> rows(a);
  for (std::int64_t row = begin; row < end; ++row) rows.row(row);
}

void planes(const AdderPlanesArgs& a, std::int64_t begin, std::int64_t end) {
  if (a.numbers)
    plane_rows<Grid::rounded, false>(a, begin, end);
  else if (a.excess)
    a.grids.zero > 0 ? plane_rows<Grid::with_zero, true>(a, begin, end) : plane_rows<Grid::plain, true>(a, begin, end);
  else if (a.grids.zero > 0)
    plane_rows<Grid::with_zero, false>(a, begin, end);
  else
    most_of_32_bits(a) > 0 ? plane_rows<Grid::saturated, false>(a, begin, end)
                           : plane_rows<Grid::plain, false>(a, begin, end);
}

}  // namespace
}  // namespace frugal::FRUGAL_SIMD
