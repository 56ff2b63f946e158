// Attention of rows to one another, in a run without a cache: the plain formula, a row at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/engine_op.h"

namespace frugal {

struct AmongRows {
  std::int64_t rows, heads, kv_heads, key_depth, value_depth, window;
  float scale, soft_cap;
  bool wide_sequences, wide_positions;  // int64

  static std::int64_t number(const RunArgs& args, std::size_t input, bool wide, std::int64_t i) {
    return wide ? static_cast<const std::int64_t*>(args.in[input])[i]
                : static_cast<const std::int32_t*>(args.in[input])[i];
  }
  bool sees(const RunArgs& args, std::int64_t row, std::int64_t other) const {
    const std::int64_t distance = number(args, 4, wide_positions, row) - number(args, 4, wide_positions, other);
    return number(args, 3, wide_sequences, row) == number(args, 3, wide_sequences, other) && distance >= 0 &&
           (window == 0 || distance < window);
  }

  void row(const RunArgs& args, std::int64_t row, std::int64_t head, float* scores) const {
    const std::int64_t kv = head / (heads / kv_heads);
    const float* q = args.f32_in(0) + (row * heads + head) * key_depth;
    float largest = -std::numeric_limits<float>::infinity(), total = 0;
    for (std::int64_t other = 0; other < rows; ++other) {
      scores[other] = -std::numeric_limits<float>::infinity();
      if (!sees(args, row, other)) continue;
      const float* k = args.f32_in(1) + (other * kv_heads + kv) * key_depth;
      float sum = 0;
      for (std::int64_t d = 0; d < key_depth; ++d) sum += q[d] * k[d];
      sum *= scale;
      scores[other] = soft_cap > 0 ? soft_cap * std::tanh(sum / soft_cap) : sum;
      largest = std::max(largest, scores[other]);
    }
    float* out = args.f32_out() + (row * heads + head) * value_depth;
    std::fill_n(out, value_depth, 0.0f);
    for (std::int64_t other = 0; other < rows; ++other) {
      if (scores[other] == -std::numeric_limits<float>::infinity()) continue;
      const float weight = std::exp(scores[other] - largest);
      const float* v = args.f32_in(2) + (other * kv_heads + kv) * value_depth;
      total += weight;
      for (std::int64_t d = 0; d < value_depth; ++d) out[d] += weight * v[d];
    }
    for (std::int64_t d = 0; d < value_depth; ++d) out[d] /= total;
  }

  void run(const RunArgs& args, std::int64_t scratch_floats) const {
    auto* space = reinterpret_cast<float*>(args.scratch);
    args.pool.parallel_for(rows * heads, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
      for (std::int64_t i = begin; i < end; ++i) row(args, i / heads, i % heads, space + thread * scratch_floats);
    });
  }
};

}  // namespace frugal
