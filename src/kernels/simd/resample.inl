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

}  // namespace

void fill_resample(KernelTable& table) { table.resample = resample; }

}  // namespace frugal::FRUGAL_SIMD
