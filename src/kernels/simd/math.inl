// exp, tanh and erf on vectors, about 1e-7 relative; and the activations built on them.
#pragma once

#include "kernels/types.h"

namespace frugal::FRUGAL_SIMD {
namespace {

// Cephes expf: x = n ln 2 + r, |r| <= ln 2 / 2, a polynomial of degree 6 in r, scaled by 2^n.
inline V exp(V x) {
  x = min(set1(89.0f), max(set1(-104.0f), x));
  V n = round(mul(x, set1(1.44269504088896341f)));
  V r = fnma(n, set1(0.693359375f), x);
  r = fnma(n, set1(-2.12194440e-4f), r);
  V p = set1(1.9875691500e-4f);
  p = fma(p, r, set1(1.3981999507e-3f));
  p = fma(p, r, set1(8.3334519073e-3f));
  p = fma(p, r, set1(4.1665795894e-2f));
  p = fma(p, r, set1(1.6666665459e-1f));
  p = fma(p, r, set1(5.0000001201e-1f));
  return scale(add(fma(p, mul(r, r), r), set1(1.0f)), n);
}

inline V sigmoid(V x) { return div(set1(1.0f), add(set1(1.0f), exp(negate(x)))); }

// Cephes tanhf: an odd polynomial below 0.625, else 1 - 2 / (exp(2|x|) + 1) with the sign of x.
inline V tanh(V x) {
  V a = abs(x), z = mul(x, x);
  V p = set1(-5.70498872745e-3f);
  p = fma(p, z, set1(2.06390887954e-2f));
  p = fma(p, z, set1(-5.37397155531e-2f));
  p = fma(p, z, set1(1.33314422036e-1f));
  p = fma(p, z, set1(-3.33332819422e-1f));
  V small = fma(mul(p, z), x, x);
  V large = sub(set1(1.0f), div(set1(2.0f), add(exp(add(a, a)), set1(1.0f))));
  return select(less(a, set1(0.625f)), small, copysign(large, x));
}

inline V clamp(V x, V lo, V hi) { return min(hi, max(lo, x)); }  // NaN stays NaN

// A rational function, odd, on [-4, 4] (the coefficients of Eigen's and XLA's erf): within 4e-7, relative too.
inline V erf(V x) {
  V t = clamp(x, set1(-4.0f), set1(4.0f)), s = mul(t, t);
  V p = set1(-2.72614225801306e-10f);
  p = fma(p, s, set1(2.77068142495902e-08f));
  p = fma(p, s, set1(-2.10102402082508e-06f));
  p = fma(p, s, set1(-5.69250639462346e-05f));
  p = fma(p, s, set1(-7.34990630326855e-04f));
  p = fma(p, s, set1(-2.95459980854025e-03f));
  p = fma(p, s, set1(-1.60960333262415e-02f));
  V q = set1(-1.45660718464996e-05f);
  q = fma(q, s, set1(-2.13374055278905e-04f));
  q = fma(q, s, set1(-1.68282697438203e-03f));
  q = fma(q, s, set1(-7.37332916720468e-03f));
  q = fma(q, s, set1(-1.42647390514189e-02f));
  return div(mul(t, p), q);
}

inline V leaky(V x, V slope) { return select(less(x, zero()), mul(x, slope), x); }

// One element function for each activation; `apply` hoists the choice out of the loop.
template <typename Loop>
inline void for_activation(const ActivationSpec& spec, Loop loop) {
  V one = set1(1.0f), half = set1(0.5f), alpha = set1(spec.alpha), beta = set1(spec.beta);
  switch (spec.kind) {
    case Activation::none: loop([](V x) { return x; }); break;
    case Activation::relu: loop([](V x) { return max(zero(), x); }); break;
    case Activation::clip: loop([=](V x) { return clamp(x, alpha, beta); }); break;
    case Activation::leaky_relu: loop([=](V x) { return leaky(x, alpha); }); break;
    case Activation::prelu: break;  // needs channels: the epilogue and the prelu kernel do it themselves
    case Activation::sigmoid: loop([](V x) { return sigmoid(x); }); break;
    case Activation::hard_sigmoid: loop([=](V x) { return clamp(fma(x, alpha, beta), zero(), one); }); break;
    case Activation::silu: loop([](V x) { return mul(x, sigmoid(x)); }); break;
    case Activation::hard_swish:
      loop([=](V x) { return mul(x, clamp(fma(x, set1(1.0f / 6), half), zero(), one)); });
      break;
    case Activation::gelu:
      loop([=](V x) { return mul(mul(half, x), add(one, erf(mul(x, set1(0.70710678118654752f))))); });
      break;
    case Activation::gelu_tanh:
      loop([=](V x) {
        V inner = mul(set1(0.79788456080286536f), fma(mul(mul(x, x), x), set1(0.044715f), x));
        return mul(mul(half, x), add(one, tanh(inner)));
      });
      break;
    case Activation::tanh: loop([](V x) { return tanh(x); }); break;
    case Activation::exp: loop([](V x) { return exp(x); }); break;
  }
}

}  // namespace
}  // namespace frugal::FRUGAL_SIMD
