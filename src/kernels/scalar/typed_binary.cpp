#include <cmath>

#include "kernels/scalar/element.h"
#include "kernels/typed.h"

namespace frugal {
namespace {

using namespace scalar;

template <typename T>
T divided(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    if (b == 0) return 0;
    if (std::is_signed_v<T> && b == static_cast<T>(-1)) return wrapping<T>(0, a, [](auto x, auto y) { return x - y; });
  }
  return static_cast<T>(a / b);
}

template <typename T>
T remainder_of(T a, T b, bool c_style) {
  if constexpr (std::is_integral_v<T>) {
    if (b == 0 || (std::is_signed_v<T> && b == static_cast<T>(-1))) return 0;
    T r = static_cast<T>(a % b);
    return !c_style && r != 0 && (r < 0) != (b < 0) ? static_cast<T>(r + b) : r;
  } else {
    T r = std::fmod(a, b);
    return !c_style && r != 0 && (r < 0) != (b < 0) ? r + b : r;
  }
}

template <typename T>
T power(T base, T exponent) {
  if constexpr (std::is_integral_v<T>) {
    if (exponent < 0) return base == 1 ? T(1) : base == static_cast<T>(-1) ? (exponent % 2 ? base : T(1)) : T(0);
    std::uint64_t result = 1, square = static_cast<std::uint64_t>(base);
    for (auto left = static_cast<std::uint64_t>(exponent); left; left >>= 1, square *= square)
      if (left & 1) result *= square;
    return static_cast<T>(result);
  } else {
    return std::pow(base, exponent);
  }
}

template <typename T>
T shifted(T a, T b, bool left) {
  constexpr int kBits = 8 * sizeof(T);
  if (b < 0 || b >= static_cast<T>(kBits)) return 0;
  return left ? static_cast<T>(static_cast<std::uint64_t>(a) << b) : static_cast<T>(a >> b);
}

struct Operands {
  std::int64_t n;
  const void *a, *b;
  std::int64_t a_step, b_step;
};

template <typename E, typename O, typename F>
void each(const Operands& x, void* out, F f) {
  if (x.a_step == 1 && x.b_step == 1)  // compiles to vectors
    for (std::int64_t i = 0; i < x.n; ++i) put<O>(out, i, f(at<E>(x.a, i), at<E>(x.b, i)));
  else
    for (std::int64_t i = 0; i < x.n; ++i) put<O>(out, i, f(at<E>(x.a, i * x.a_step), at<E>(x.b, i * x.b_step)));
}

template <typename E>
void arithmetic(Binary op, const Operands& x, void* out) {
  using T = typename E::Value;
  auto run = [&](auto f) { each<E, E>(x, out, f); };
  switch (op) {
    case Binary::add: return run([](T a, T b) { return wrapping(a, b, [](auto p, auto q) { return p + q; }); });
    case Binary::sub: return run([](T a, T b) { return wrapping(a, b, [](auto p, auto q) { return p - q; }); });
    case Binary::mul: return run([](T a, T b) { return wrapping(a, b, [](auto p, auto q) { return p * q; }); });
    case Binary::div: return run([](T a, T b) { return divided(a, b); });
    case Binary::min: return run([](T a, T b) { return a < b || a != a ? a : b; });
    case Binary::max: return run([](T a, T b) { return a > b || a != a ? a : b; });
    case Binary::pow: return run([](T a, T b) { return power(a, b); });
    case Binary::mod: return run([](T a, T b) { return remainder_of(a, b, false); });
    case Binary::fmod: return run([](T a, T b) { return remainder_of(a, b, true); });
    default: return;
  }
}

template <typename E>
void comparison(Binary op, const Operands& x, void* out) {
  using T = typename E::Value;
  auto run = [&](auto f) { each<E, Plain<bool>>(x, out, f); };
  switch (op) {
    case Binary::equal: return run([](T a, T b) { return a == b; });
    case Binary::less: return run([](T a, T b) { return a < b; });
    case Binary::less_or_equal: return run([](T a, T b) { return a <= b; });
    case Binary::greater: return run([](T a, T b) { return a > b; });
    case Binary::greater_or_equal: return run([](T a, T b) { return a >= b; });
    default: return;
  }
}

template <typename E>
void bits(Binary op, const Operands& x, void* out) {
  using T = typename E::Value;
  auto run = [&](auto f) { each<E, E>(x, out, f); };
  switch (op) {
    case Binary::bit_and: return run([](T a, T b) { return static_cast<T>(a & b); });
    case Binary::bit_or: return run([](T a, T b) { return static_cast<T>(a | b); });
    case Binary::bit_xor: return run([](T a, T b) { return static_cast<T>(a ^ b); });
    case Binary::shift_left: return run([](T a, T b) { return shifted(a, b, true); });
    case Binary::shift_right: return run([](T a, T b) { return shifted(a, b, false); });
    default: return;
  }
}

}  // namespace

void binary_typed(Binary op, DType type, std::int64_t n, const void* a, std::int64_t a_step, const void* b,
                  std::int64_t b_step, void* out) {
  if (op == Binary::rsub) return binary_typed(Binary::sub, type, n, b, b_step, a, a_step, out);
  if (op == Binary::rdiv) return binary_typed(Binary::div, type, n, b, b_step, a, a_step, out);
  const Operands x{n, a, b, a_step, b_step};
  if (op >= Binary::bit_and) {
    for_integer(type == DType::boolean ? DType::u8 : type, [&]<typename E>(E) { bits<E>(op, x, out); });
  } else if (op >= Binary::equal) {
    for_type(type, [&]<typename E>(E) { comparison<E>(op, x, out); });
  } else {
    for_float(type, [&]<typename E>(E) { arithmetic<E>(op, x, out); });
    for_integer(type, [&]<typename E>(E) { arithmetic<E>(op, x, out); });
  }
}

}  // namespace frugal
