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

// Cephes logf: x = m 2^e with m in [sqrt(1/2), sqrt(2)), a polynomial of degree 8 in m - 1.
inline V log(V x) {
  V tiny = set1(1.17549435e-38f);
  M subnormal = less(x, tiny);
  V e, m = mantissa(select(subnormal, mul(x, set1(33554432.0f)), x), &e);  // m in [1/2, 1)
  e = sub(e, select(subnormal, set1(25.0f), zero()));
  M small = less(m, set1(0.70710678118654752f));
  e = sub(e, select(small, set1(1.0f), zero()));
  m = sub(select(small, add(m, m), m), set1(1.0f));
  V z = mul(m, m), p = set1(7.0376836292e-2f);
  p = fma(p, m, set1(-1.1514610310e-1f));
  p = fma(p, m, set1(1.1676998740e-1f));
  p = fma(p, m, set1(-1.2420140846e-1f));
  p = fma(p, m, set1(1.4249322787e-1f));
  p = fma(p, m, set1(-1.6668057665e-1f));
  p = fma(p, m, set1(2.0000714765e-1f));
  p = fma(p, m, set1(-2.4999993993e-1f));
  p = fma(p, m, set1(3.3333331174e-1f));
  V y = mul(mul(p, m), z);
  y = fma(e, set1(-2.12194440e-4f), y);
  y = fma(z, set1(-0.5f), y);
  V result = fma(e, set1(0.693359375f), add(m, y));
  V inf = set1(__builtin_inff());
  result = select(less(x, inf), result, x);  // infinity and NaN
  result = select(equal(x, zero()), set1(-__builtin_inff()), result);
  return select(less(x, zero()), set1(__builtin_nanf("")), result);
}

// log(1 + exp(-|x|)) + max(x, 0). With u = 1 + e rounded, log(u) * e / (u - 1) is log(1 + e) (W. Kahan).
inline V softplus(V x) {
  V e = exp(negate(abs(x))), u = add(e, set1(1.0f)), d = sub(u, set1(1.0f));
  V low = select(equal(d, zero()), e, mul(log(u), div(e, d)));
  return add(low, max(zero(), x));
}

// exp(x) - 1 for x <= 0: a Taylor polynomial near 0, where the difference would cancel.
inline V expm1_negative(V x) {
  V p = set1(1.0f / 5040);
  p = fma(p, x, set1(1.0f / 720));
  p = fma(p, x, set1(1.0f / 120));
  p = fma(p, x, set1(1.0f / 24));
  p = fma(p, x, set1(1.0f / 6));
  p = fma(p, x, set1(0.5f));
  V near = fma(mul(p, x), x, x);
  return select(less(set1(-0.4f), x), near, sub(exp(x), set1(1.0f)));
}

inline V sign(V x) {
  V one = set1(1.0f);
  return select(less(zero(), x), one, select(less(x, zero()), negate(one), x));
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
    case Activation::abs: loop([](V x) { return abs(x); }); break;
    case Activation::neg: loop([](V x) { return negate(x); }); break;
    case Activation::sqrt: loop([](V x) { return sqrt(x); }); break;
    case Activation::reciprocal: loop([=](V x) { return div(one, x); }); break;
    case Activation::square: loop([](V x) { return mul(x, x); }); break;
    case Activation::floor: loop([](V x) { return floor(x); }); break;
    case Activation::ceil: loop([](V x) { return negate(floor(negate(x))); }); break;
    case Activation::round: loop([](V x) { return round(x); }); break;
    case Activation::sign: loop([](V x) { return sign(x); }); break;
    case Activation::log: loop([](V x) { return log(x); }); break;
    case Activation::erf: loop([](V x) { return erf(x); }); break;
    case Activation::softplus: loop([](V x) { return softplus(x); }); break;
    case Activation::softsign: loop([=](V x) { return div(x, add(one, abs(x))); }); break;
    case Activation::elu:
      loop([=](V x) { return select(less(zero(), x), mul(beta, x), mul(alpha, expm1_negative(min(zero(), x)))); });
      break;
    case Activation::celu:
      loop([=](V x) {
        V low = min(zero(), x);
        return select(less(zero(), x), x, mul(alpha, expm1_negative(min(zero(), div(low, alpha)))));
      });
      break;
    case Activation::mish: loop([](V x) { return mul(x, tanh(softplus(x))); }); break;
    case Activation::thresholded_relu: loop([=](V x) { return select(less(alpha, x), x, zero()); }); break;
    case Activation::shrink:
      loop([=](V x) {
        V high = select(less(alpha, x), sub(x, beta), zero());
        return select(less(x, negate(alpha)), add(x, beta), high);
      });
      break;
    default: break;  // no vector form: never asked for here
  }
}

}  // namespace
}  // namespace frugal::FRUGAL_SIMD
