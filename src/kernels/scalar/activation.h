// The meaning of every activation and of the epilogue, one element at a time.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/types.h"

namespace frugal::scalar {

inline float activate(float x, const ActivationSpec& spec, std::int64_t channel = 0) {
  auto clamp = [](float v, float lo, float hi) { return v < lo ? lo : v > hi ? hi : v; };  // NaN stays NaN
  switch (spec.kind) {
    case Activation::none: return x;
    case Activation::relu: return x < 0 ? 0 : x;
    case Activation::clip: return clamp(x, spec.alpha, spec.beta);
    case Activation::leaky_relu: return x < 0 ? spec.alpha * x : x;
    case Activation::prelu: return x < 0 ? spec.slope[channel] * x : x;
    case Activation::sigmoid: return 1.0f / (1.0f + std::exp(-x));
    case Activation::hard_sigmoid: return clamp(spec.alpha * x + spec.beta, 0, 1);
    case Activation::silu: return x / (1.0f + std::exp(-x));
    case Activation::hard_swish: return x * clamp(x / 6 + 0.5f, 0, 1);
    case Activation::gelu: return 0.5f * x * (1.0f + std::erf(x * 0.70710678118654752f));
    case Activation::gelu_tanh:
      return 0.5f * x * (1.0f + std::tanh(0.79788456080286536f * (x + 0.044715f * x * x * x)));
    case Activation::tanh: return std::tanh(x);
    case Activation::exp: return std::exp(x);
  }
  return x;
}

// `sum` belongs to `channel` and is about to be stored at offset `at` of the output.
inline float finish(float sum, const Epilogue& e, std::int64_t channel, std::int64_t at) {
  if (e.bias) sum += e.bias[channel];
  if (e.residual && !e.residual_last) sum += e.residual[at];
  sum = activate(sum, e.activation, channel);
  if (e.residual && e.residual_last) sum += e.residual[at];
  return sum;
}

}  // namespace frugal::scalar
