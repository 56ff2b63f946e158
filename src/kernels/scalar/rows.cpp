#include <algorithm>
#include <cmath>

#include "kernels/simd/tables.h"

namespace frugal::scalar {
namespace {

float sum(std::int64_t n, const float* in) {
  float total = 0;
  for (std::int64_t i = 0; i < n; ++i) total += in[i];
  return total;
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
  table.sum = sum;
}

}  // namespace frugal::scalar
