// Weights and biases of layers that compute on bytes.
#pragma once

#include <optional>
#include <vector>

#include "graph/rewrite.h"

namespace frugal {

struct Int8Weight {
  Tensor data;  // int8, [out, ...]
  std::vector<float> scale;
};

// What a dequantize_linear of a weight stands for, where that is int8 without zero points and with scales of the output
// channels; `transposed`: the weight is [in, out] (matmul).
std::optional<Int8Weight> constant_weight(const Rewriter& r, const Node& dequantize, bool transposed);

// A bias as floats: a weight, or what `dequantize` (may be null) makes of one.
std::optional<Tensor> constant_bias(const Rewriter& r, ValueId id, const Node* dequantize);

}  // namespace frugal
