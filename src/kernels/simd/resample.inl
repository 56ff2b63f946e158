// Separable resampling: rows are combined first, then pixels.
#pragma once

#include "kernels/simd/tables.h"

namespace frugal::FRUGAL_SIMD {
namespace {

// out[0..n) = the weighted sum of the lines that make up a row.
inline void combine_rows(const ResampleAxis& v, std::int64_t y, const float* plane, std::int64_t n, float* out) {
  const std::int64_t begin = v.first[y], end = v.first[y + 1];
  std::int64_t i = 0;
  for (; i < n; i += kLanes) {
    const int lanes = static_cast<int>(n - i < kLanes ? n - i : kLanes);
    V sum = zero();
    for (std::int64_t k = begin; k < end; ++k)
      sum = fma(broadcast(v.weight + k), load_first(plane + v.index[k] * n + i, lanes), sum);
    store_first(out + i, sum, lanes);
  }
}

void resample_blocked_row(const ResampleAxis& h, const float* line, float* out) {
  for (std::int64_t x = 0; x < h.out; ++x, out += kLanes) {
    V sum = zero();
    for (std::int64_t k = h.first[x]; k < h.first[x + 1]; ++k)
      sum = fma(broadcast(h.weight + k), load(line + h.index[k] * kLanes), sum);
    store(out, sum);
  }
}

void resample_plain_row(const ResampleAxis& h, const float* line, float* out) {
  for (std::int64_t x = 0; x < h.out; ++x) {
    float sum = 0;
    for (std::int64_t k = h.first[x]; k < h.first[x + 1]; ++k) sum += h.weight[k] * line[h.index[k]];
    out[x] = sum;
  }
}

void resample(const ResampleArgs& a, std::int64_t begin, std::int64_t end, float* scratch) {
  const ResampleAxis &v = a.vertical, &h = a.horizontal;
  const std::int64_t width = h.in * a.lanes;
  for (std::int64_t row = begin; row < end; ++row) {
    combine_rows(v, row % v.out, a.in + row / v.out * v.in * width, width, scratch);
    float* out = a.out + row * h.out * a.lanes;
    if (a.lanes == 1)
      resample_plain_row(h, scratch, out);
    else
      resample_blocked_row(h, scratch, out);
  }
}

// The same of rows of n bytes.
inline void combine_bytes(const ResampleAxis& v, std::int64_t y, const std::uint8_t* bytes, std::int64_t n,
                          float* out) {
  const std::int64_t begin = v.first[y], end = v.first[y + 1];
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    V sum = zero();
    for (std::int64_t k = begin; k < end; ++k)
      sum = fma(broadcast(v.weight + k), load_bytes(bytes + v.index[k] * n + i), sum);
    store(out + i, sum);
  }
  for (; i < n; ++i) {
    out[i] = 0;
    for (std::int64_t k = begin; k < end; ++k)
      out[i] = __builtin_fmaf(v.weight[k], static_cast<float>(bytes[v.index[k] * n + i]), out[i]);
  }
}

// A pixel in four lanes. Those beyond its channels hold what lies behind it, in the line and in the output, where the
// next pixel is written over them.
template <int channels>
void combine_pixels(const ResampleAxis& h, const float* line, float* out) {
  const std::int64_t *first = h.first, *index = h.index, width = h.out;
  const float* weight = h.weight;
  for (std::int64_t x = 0; x < width; ++x, out += channels) {
    __m128 sum = _mm_setzero_ps();
    for (std::int64_t k = first[x]; k < first[x + 1]; ++k)
      sum = _mm_fmadd_ps(_mm_broadcast_ss(weight + k), _mm_loadu_ps(line + index[k] * channels), sum);
    _mm_storeu_ps(out, sum);
  }
}

inline void round_to_bytes(const float* in, std::int64_t n, std::uint8_t* out) {
  auto rounded = [&](std::int64_t at) { return _mm_cvtps_epi32(_mm_loadu_ps(in + at)); };
  auto sixteen = [&](std::int64_t at) {
    return _mm_packus_epi16(_mm_packs_epi32(rounded(at), rounded(at + 4)),
                            _mm_packs_epi32(rounded(at + 8), rounded(at + 12)));
  };
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16) _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), sixteen(i));
  std::uint8_t rest[16];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(rest), sixteen(i));
  std::memcpy(out + i, rest, static_cast<std::size_t>(n - i));
}

void scale_bytes(const ResampleAxis& down, const ResampleAxis& across, std::int64_t y, int channels,
                 const std::uint8_t* bytes, float* scratch, std::uint8_t* out) {
  const std::int64_t n = across.in * channels;
  combine_bytes(down, y, bytes, n, scratch);
  for (int i = 0; i < 4; ++i) scratch[n + i] = 0;
  float* scaled = scratch + n + 4;
  if (channels == 3)
    combine_pixels<3>(across, scratch, scaled);
  else
    combine_pixels<1>(across, scratch, scaled);
  round_to_bytes(scaled, across.out * channels, out);
}

}  // namespace

void fill_resample(KernelTable& table) {
  table.resample = resample;
  table.scale_bytes = scale_bytes;
}

}  // namespace frugal::FRUGAL_SIMD
