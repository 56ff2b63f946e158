// The meaning of every activation and of the epilogue, one element at a time.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/types.h"

namespace frugal::scalar {

// T: float or double.
template <typename T>
inline T activate(T x, const ActivationSpec& spec, std::int64_t channel = 0) {
  auto clamp = [](T v, T lo, T hi) { return v < lo ? lo : v > hi ? hi : v; };  // NaN stays NaN
  const T alpha = spec.alpha, beta = spec.beta;
  switch (spec.kind) {
    case Activation::none: return x;
    case Activation::relu: return x < 0 ? 0 : x;
    case Activation::clip: return clamp(x, alpha, beta);
    case Activation::leaky_relu: return x < 0 ? alpha * x : x;
    case Activation::prelu: return x < 0 ? spec.slope[channel] * x : x;
    case Activation::sigmoid: return 1 / (1 + std::exp(-x));
    case Activation::hard_sigmoid: return clamp(alpha * x + beta, 0, 1);
    case Activation::silu: return x / (1 + std::exp(-x));
    case Activation::hard_swish: return x * clamp(x / 6 + T(0.5), 0, 1);
    case Activation::gelu: return T(0.5) * x * (1 + std::erf(x * T(0.70710678118654752)));
    case Activation::gelu_tanh:
      return T(0.5) * x * (1 + std::tanh(T(0.79788456080286536) * (x + T(0.044715) * x * x * x)));
    case Activation::tanh: return std::tanh(x);
    case Activation::exp: return std::exp(x);
    case Activation::abs: return std::abs(x);
    case Activation::neg: return -x;
    case Activation::sqrt: return std::sqrt(x);
    case Activation::reciprocal: return 1 / x;
    case Activation::square: return x * x;
    case Activation::floor: return std::floor(x);
    case Activation::ceil: return std::ceil(x);
    case Activation::round: return std::nearbyint(x);
    case Activation::sign: return x > 0 ? 1 : x < 0 ? -1 : x;
    case Activation::log: return std::log(x);
    case Activation::erf: return std::erf(x);
    case Activation::softplus: return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
    case Activation::softsign: return x / (1 + std::abs(x));
    case Activation::elu: return x > 0 ? beta * x : alpha * std::expm1(x);
    case Activation::celu: return x > 0 ? x : alpha * std::expm1(x / alpha);
    case Activation::mish: return x * std::tanh(x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)));
    case Activation::thresholded_relu: return x > alpha ? x : 0;
    case Activation::shrink: return x < -alpha ? x + beta : x > alpha ? x - beta : 0;
    case Activation::sin: return std::sin(x);
    case Activation::cos: return std::cos(x);
    case Activation::tan: return std::tan(x);
    case Activation::asin: return std::asin(x);
    case Activation::acos: return std::acos(x);
    case Activation::atan: return std::atan(x);
    case Activation::sinh: return std::sinh(x);
    case Activation::cosh: return std::cosh(x);
    case Activation::asinh: return std::asinh(x);
    case Activation::acosh: return std::acosh(x);
    case Activation::atanh: return std::atanh(x);
  }
  return x;
}

// `sum` belongs to `channel` and is about to be stored at offset `at` of the output.
inline float finish(float sum, const Epilogue& e, std::int64_t channel, std::int64_t at) {
  if (e.bias) sum += e.bias[channel];
  if (e.residual && !e.residual_last) sum += e.residual[at];
  sum = activate(sum, e.activation, channel) * e.scale + e.shift;
  if (e.residual && e.residual_last) sum += e.residual[at];
  return sum;
}

}  // namespace frugal::scalar
