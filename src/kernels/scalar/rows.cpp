#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/simd/tables.h"

namespace frugal::scalar {
namespace {

float sum(std::int64_t n, const float* in) {
  float total = 0;
  for (std::int64_t i = 0; i < n; ++i) total += in[i];
  return total;
}

float reduce(Reduce kind, std::int64_t n, const float* in) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  float out = kind == Reduce::max ? -kInf : kind == Reduce::min ? kInf : kind == Reduce::prod ? 1 : 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const float v = in[i];
    switch (kind) {
      case Reduce::max: out = v > out || v != v ? v : out; break;
      case Reduce::min: out = v < out || v != v ? v : out; break;
      case Reduce::prod: out *= v; break;
      case Reduce::l1: out += std::abs(v); break;
      case Reduce::l2: out += v * v; break;
      default: out += v;
    }
  }
  return out;
}

void softmax(std::int64_t rows, std::int64_t n, const float* in, float* out) {
  for (std::int64_t r = 0; r < rows; ++r, in += n, out += n) {
    float shift = *std::max_element(in, in + n), total = 0;
    for (std::int64_t i = 0; i < n; ++i) total += out[i] = std::exp(in[i] - shift);
    for (std::int64_t i = 0; i < n; ++i) out[i] /= total;
  }
}

void layer_norm(std::int64_t rows, std::int64_t n, const float* in, const float* gamma, const float* beta,
                float epsilon, float* out) {
  for (std::int64_t r = 0; r < rows; ++r, in += n, out += n) {
    float mean = sum(n, in) / static_cast<float>(n), variance = 0;
    for (std::int64_t i = 0; i < n; ++i) variance += (in[i] - mean) * (in[i] - mean);
    float factor = 1.0f / std::sqrt(variance / static_cast<float>(n) + epsilon);
    for (std::int64_t i = 0; i < n; ++i)
      out[i] = (in[i] - mean) * factor * (gamma ? gamma[i] : 1.0f) + (beta ? beta[i] : 0.0f);
  }
}

}  // namespace

void fill_rows(KernelTable& table) {
  table.softmax = softmax;
  table.layer_norm = layer_norm;
  table.reduce = reduce;
}

}  // namespace frugal::scalar
