// What a producer (convolution, linear, matmul, add) applies to its sums while it stores them:
//   y = activation(sum + bias[channel] + residual)       residual_after = false
//   y = activation(sum + bias[channel]) + residual       residual_after = true
// Bias and residual pointers are arguments of the kernel; this says what to do with them.
#pragma once

#include <cstdint>

namespace frugal {

enum class Activation : std::uint8_t {
  none,
  relu,
  clip,          // min(max(x, a), b); relu6 is clip with 0 and 6
  leaky_relu,    // x < 0 ? a * x : x
  sigmoid,
  silu,          // x * sigmoid(x)
  hard_sigmoid,  // clip(x / 6 + 1 / 2, 0, 1)
  hard_swish,    // x * hard_sigmoid(x)
  gelu,          // x * Phi(x), exact
  gelu_tanh,     // the tanh approximation
};

struct Epilogue {
  Activation activation = Activation::none;
  float a = 0, b = 0;
  bool residual = false;
  bool residual_after = false;
};

}  // namespace frugal
