#include <cmath>
#include <limits>

#include "kernels/scalar/element.h"
#include "kernels/typed.h"

namespace frugal {
namespace {

using namespace scalar;

// Calls f with every element.
template <typename E, typename F>
void each(const ReduceAxis* axes, std::size_t axis_count, const void* in, std::int64_t offset, F& f) {
  if (axis_count == 0) return f(at<E>(in, offset));
  for (std::int64_t i = 0; i < axes->size; ++i) each<E>(axes + 1, axis_count - 1, in, offset + i * axes->stride, f);
}

template <typename E>
void reduce(Reduce kind, const ReduceAxis* axes, std::size_t axis_count, const void* in, void* out) {
  using T = typename E::Value;
  using Wide = std::conditional_t<std::is_integral_v<T>, std::int64_t, double>;
  auto all = [&](auto f) { each<E>(axes, axis_count, in, 0, f); };
  constexpr Wide kLowest = std::is_integral_v<T> ? static_cast<Wide>(std::numeric_limits<T>::min())
                                                 : static_cast<Wide>(-std::numeric_limits<double>::infinity()),
                 kHighest = std::is_integral_v<T> ? static_cast<Wide>(std::numeric_limits<T>::max())
                                                  : static_cast<Wide>(std::numeric_limits<double>::infinity());
  auto largest = [&] {
    Wide best = kLowest;
    all([&](Wide v) { best = v > best || v != v ? v : best; });
    return best;
  };
  Wide result = 0;
  std::int64_t count = 0;
  switch (kind) {
    case Reduce::sum: all([&](Wide v) { result += v; }); break;
    case Reduce::mean:
      all([&](Wide v) { result += v, ++count; });
      result = count || !std::is_integral_v<T> ? result / static_cast<Wide>(count) : 0;
      break;
    case Reduce::max: result = largest(); break;
    case Reduce::min:
      result = kHighest;
      all([&](Wide v) { result = v < result || v != v ? v : result; });
      break;
    case Reduce::prod:
      result = 1;
      all([&](Wide v) { result = wrapping(result, v, [](auto a, auto b) { return a * b; }); });
      break;
    case Reduce::l1: all([&](Wide v) { result += v < 0 ? -v : v; }); break;
    case Reduce::l2:
      all([&](Wide v) { result += v * v; });
      result = static_cast<Wide>(std::sqrt(static_cast<double>(result)));
      break;
    case Reduce::log_sum_exp: {
      const auto top = static_cast<double>(largest());
      double total = 0;
      all([&](Wide v) { total += std::exp(static_cast<double>(v) - (std::isinf(top) ? 0 : top)); });
      result = static_cast<Wide>(std::log(total) + (std::isinf(top) ? 0 : top));
    }
  }
  put<E>(out, 0, static_cast<T>(result));
}

}  // namespace

void reduce_typed(Reduce kind, DType type, const ReduceAxis* axes, std::size_t axis_count, const void* in, void* out) {
  for_float(type, [&]<typename E>(E) { reduce<E>(kind, axes, axis_count, in, out); });
  for_integer(type, [&]<typename E>(E) { reduce<E>(kind, axes, axis_count, in, out); });
}

std::int64_t arg_typed(DType type, std::int64_t size, std::int64_t stride, const void* in, bool smallest, bool last) {
  std::int64_t best = 0;
  auto find = [&]<typename E>(E) {
    for (std::int64_t i = 1; i < size; ++i) {
      const auto v = at<E>(in, i * stride), b = at<E>(in, best * stride);
      const bool nan = v != v, best_nan = b != b;
      const bool better = nan || best_nan ? nan && !best_nan : smallest ? v < b : v > b;
      const bool equal = nan && best_nan ? true : v == b;
      if (better || (last && equal)) best = i;
    }
  };
  for_float(type, find);
  for_integer(type, find);
  return best;
}

void cum_sum_typed(DType type, std::int64_t size, std::int64_t stride, const void* in, void* out, bool exclusive,
                   bool reverse) {
  auto run = [&]<typename E>(E) {
    using T = typename E::Value;
    using Sum = std::conditional_t<std::is_floating_point_v<T>, double, T>;
    Sum total = 0;
    for (std::int64_t k = 0; k < size; ++k) {
      const std::int64_t i = (reverse ? size - 1 - k : k) * stride;
      const T v = at<E>(in, i);
      if (exclusive) put<E>(out, i, static_cast<T>(total));
      total = wrapping(total, static_cast<Sum>(v), [](auto a, auto b) { return a + b; });
      if (!exclusive) put<E>(out, i, static_cast<T>(total));
    }
  };
  for_float(type, run);
  for_integer(type, run);
}

}  // namespace frugal
