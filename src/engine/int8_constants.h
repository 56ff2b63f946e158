// Weights and biases of layers that compute on bytes.
#pragma once

#include <optional>
#include <vector>

#include "graph/rewrite.h"

namespace frugal {

struct Int8Weight {
  Tensor data;  // int8, [out, ...]
  std::vector<float> scale;
  std::vector<std::int32_t> zero{};  // of each channel; empty where all are 0
};

// What a dequantize_linear of a weight stands for, where its scales and zero points are those of the output channels;
// bytes without sign are shifted by 128. `transposed`: the weight is [in, out] (matmul).
std::optional<Int8Weight> constant_weight(const Rewriter& r, const Node& dequantize, bool transposed);

// A bias as floats: a weight, or what `dequantize` (may be null) makes of one.
std::optional<Tensor> constant_bias(const Rewriter& r, ValueId id, const Node* dequantize);

}  // namespace frugal
