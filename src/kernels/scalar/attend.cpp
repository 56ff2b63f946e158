// The readable reference of attention over a cache.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/attend.h"
#include "kernels/simd/tables.h"
#include "tensor/half.h"

namespace frugal::scalar {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Elements of a page behind its scales.
const std::byte* elements(CacheType type, const std::byte* page) {
  return type == CacheType::q8 ? page + kPageCells * sizeof(float) : page;
}
float scale_of(CacheType type, const std::byte* page, int cell) {
  return type == CacheType::q8 ? reinterpret_cast<const float*>(page)[cell] : 1;
}
float element(CacheType type, const std::byte* page, std::int64_t i) {
  const std::byte* e = elements(type, page);
  switch (type) {
    case CacheType::f32: return reinterpret_cast<const float*>(e)[i];
    case CacheType::f16: return half_to_float(reinterpret_cast<const std::uint16_t*>(e)[i]);
    case CacheType::q8: return reinterpret_cast<const std::int8_t*>(e)[i];
  }
  return 0;
}

// One cell: element d goes to place first + d * stride.
void store(CacheType type, std::int64_t depth, const float* x, std::byte* page, int cell, std::int64_t first,
           std::int64_t stride) {
  float inverse = 0;
  if (type == CacheType::q8) {
    float largest = 0;
    for (std::int64_t d = 0; d < depth; ++d) largest = std::max(largest, std::fabs(x[d]));
    reinterpret_cast<float*>(page)[cell] = largest / 127;
    inverse = largest > 0 ? 127 / largest : 0;
  }
  auto* e = const_cast<std::byte*>(elements(type, page));
  for (std::int64_t d = 0; d < depth; ++d) {
    const std::int64_t i = first + d * stride;
    switch (type) {
      case CacheType::f32: reinterpret_cast<float*>(e)[i] = x[d]; break;
      case CacheType::f16: reinterpret_cast<std::uint16_t*>(e)[i] = float_to_half(x[d]); break;
      case CacheType::q8:
        reinterpret_cast<std::int8_t*>(e)[i] = static_cast<std::int8_t>(std::nearbyint(x[d] * inverse));
        break;
    }
  }
}

void store_keys(CacheType type, std::int64_t depth, const float* k, std::byte* page, int cell) {
  store(type, depth, k, page, cell, cell, kPageCells);
}
void store_values(CacheType type, std::int64_t depth, const float* v, std::byte* page, int cell) {
  store(type, depth, v, page, cell, cell * value_stride(depth), 1);
}

float score(const AttendArgs& a, int row, int cell) {
  const std::byte* page = a.keys[cell / kPageCells];
  const int lane = cell % kPageCells;
  float sum = 0;
  for (std::int64_t d = 0; d < a.key_depth; ++d)
    sum += a.q[row * a.key_depth + d] * element(a.type, page, d * kPageCells + lane);
  sum *= scale_of(a.type, page, lane);
  return a.soft_cap > 0 ? a.soft_cap * std::tanh(sum / a.soft_cap) : sum;
}

void attend_row(const AttendArgs& a, int row) {
  float* scores = a.scores + row * kChunkCells;
  float largest = -kInfinity;
  for (int c = a.first[row]; c < a.last[row]; ++c) {
    const bool hidden = a.hidden && (a.hidden[c / kPageCells] >> (c % kPageCells) & 1);
    scores[c] = hidden ? -kInfinity : score(a, row, c);
    largest = std::max(largest, scores[c]);
  }
  if (largest == -kInfinity) return;
  const float now = std::max(largest, a.largest[row]), factor = std::exp(a.largest[row] - now);
  const std::int64_t stride = value_stride(a.value_depth);
  float* out = a.out + row * stride;
  for (std::int64_t d = 0; d < a.value_depth; ++d) out[d] *= factor;
  float total = 0;
  for (int c = a.first[row]; c < a.last[row]; ++c) {
    if (scores[c] == -kInfinity) continue;
    const std::byte* page = a.values[c / kPageCells];
    float weight = std::exp(scores[c] - now);
    total += weight;
    weight *= scale_of(a.type, page, c % kPageCells);
    for (std::int64_t d = 0; d < a.value_depth; ++d)
      out[d] += weight * element(a.type, page, c % kPageCells * stride + d);
  }
  a.total[row] = a.total[row] * factor + total;
  a.largest[row] = now;
}

void attend(const AttendArgs& a) {
  for (int row = 0; row < a.rows; ++row) attend_row(a, row);
}

}  // namespace

void fill_attend(KernelTable& table) { table.attend = {store_keys, store_values, attend}; }

}  // namespace frugal::scalar
