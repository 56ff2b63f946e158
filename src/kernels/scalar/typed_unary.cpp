#include <cmath>
#include <limits>

#include "kernels/scalar/activation.h"
#include "kernels/scalar/element.h"
#include "kernels/typed.h"

namespace frugal {
namespace {

using namespace scalar;

// What lies outside of the range of an integer type saturates.
template <typename To, typename From>
To converted(From v) {
  if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    if (std::isnan(v)) return 0;
    constexpr double kLow = static_cast<double>(std::numeric_limits<To>::min()),
                     kHigh = static_cast<double>(std::numeric_limits<To>::max());
    if (static_cast<double>(v) <= kLow) return std::numeric_limits<To>::min();
    if (static_cast<double>(v) >= kHigh) return std::numeric_limits<To>::max();
    return static_cast<To>(v);
  } else {
    return static_cast<To>(v);
  }
}

template <typename T>
T activate_integer(T x, const ActivationSpec& spec) {
  auto negated = [](T v) { return wrapping<T>(0, v, [](auto a, auto b) { return a - b; }); };
  switch (spec.kind) {
    case Activation::relu: return x < 0 ? 0 : x;
    case Activation::abs: return x < 0 ? negated(x) : x;
    case Activation::neg: return negated(x);
    case Activation::sign: return static_cast<T>(x > 0) - static_cast<T>(x < 0);
    case Activation::square: return wrapping<T>(x, x, [](auto a, auto b) { return a * b; });
    case Activation::clip:
      if (static_cast<double>(x) < spec.alpha) return converted<T>(std::ceil(spec.alpha));
      return static_cast<double>(x) > spec.beta ? converted<T>(std::floor(spec.beta)) : x;
    default: return x;
  }
}

}  // namespace

bool has_vector_form(Activation kind) { return kind < Activation::sin; }
bool has_vector_form(Binary op) { return op < Binary::pow; }

void activate_typed(DType type, std::int64_t n, const void* in, void* out, const ActivationSpec& spec) {
  for_float(type, [&]<typename E>(E) {
    for (std::int64_t i = 0; i < n; ++i) put<E>(out, i, scalar::activate(at<E>(in, i), spec));
  });
  for_integer(type, [&]<typename E>(E) {
    for (std::int64_t i = 0; i < n; ++i) put<E>(out, i, activate_integer(at<E>(in, i), spec));
  });
}

void cast_typed(DType from, DType to, std::int64_t n, const void* in, void* out) {
  for_type(from, [&]<typename E>(E) {
    if (to == DType::boolean) {
      for (std::int64_t i = 0; i < n; ++i) put<Plain<bool>>(out, i, at<E>(in, i) != 0);
      return;
    }
    for_type(to, [&]<typename O>(O) {
      for (std::int64_t i = 0; i < n; ++i) put<O>(out, i, converted<typename O::Value>(at<E>(in, i)));
    });
  });
}

void classify_typed(DType type, std::int64_t n, const void* in, bool* out, FloatClass wanted) {
  for_float(type, [&]<typename E>(E) {
    for (std::int64_t i = 0; i < n; ++i) {
      const auto v = at<E>(in, i);
      out[i] =
          std::isnan(v) ? wanted.nan : std::isinf(v) && (v < 0 ? wanted.negative_infinity : wanted.positive_infinity);
    }
  });
}

}  // namespace frugal
