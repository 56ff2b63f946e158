#include "formats/onnx/known.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace frugal::onnx_import {
namespace {

[[noreturn]] void depends(const Element& e) { throw DependsOnSize{e.whole.text()}; }

// A real as numerator and divisor of integers, so that it can meet a symbol; scales such as 0.5 or 1/3.
Element fraction(const Element& e) {
  if (!e.is_real || e.symbolic()) return e;
  for (std::int64_t divisor = 1; divisor <= 1024; ++divisor) {
    const double scaled = e.real * static_cast<double>(divisor), nearest = std::round(scaled);
    if (std::abs(scaled - nearest) <= 1e-7 * std::max(1.0, std::abs(scaled)) && std::abs(nearest) < 1e12)
      return {static_cast<std::int64_t>(nearest), divisor, 0, true};
  }
  throw DependsOnSize{std::to_string(e.real)};
}

// In lowest terms as far as that is seen, and a plain number where no symbol is left.
Element made(Dim numerator, std::int64_t divisor, bool real) {
  if (numerator.fixed() && real)
    return Element::number(static_cast<double>(numerator.value()) / static_cast<double>(divisor));
  if (divisor > 1) {
    Dim quotient = floor_div(numerator, divisor);
    if (quotient * Dim(divisor) == numerator) return {quotient, 1, 0, real};
  }
  return {std::move(numerator), divisor, 0, real};
}

template <typename Op>
Element arithmetic(const Element& a, const Element& b, Op op) {
  if (!a.symbolic() && !b.symbolic()) {
    if (a.is_real || b.is_real) return Element::number(op(a.value(), b.value()));
    return Element::integer(op(a.whole, b.whole));
  }
  Element x = fraction(a), y = fraction(b);
  return made(op(x.whole * Dim(y.divisor), y.whole * Dim(x.divisor)), x.divisor * y.divisor, a.is_real || b.is_real);
}

// The largest divisor that a symbolic value can be divided by.
constexpr double kMostDivisor = 1e6;

}  // namespace

double Element::value() const { return is_real ? real : static_cast<double>(whole.value()); }

bool Known::symbolic() const {
  return std::any_of(elements.begin(), elements.end(), [](const Element& e) { return e.symbolic(); });
}

std::string Known::symbols() const {
  for (const Element& e : elements)
    if (e.symbolic()) return e.whole.text();
  return "";
}

bool can_be_known(const Tensor& t) {
  return t.numel() <= static_cast<std::int64_t>(kMostKnown) && t.dtype() != DType::f16 && t.dtype() != DType::bf16;
}

Known known_from(const Tensor& t) {
  Known out{t.dtype(), t.shape(), {}};
  out.elements.reserve(static_cast<std::size_t>(t.numel()));
  const bool real = t.dtype() == DType::f32 || t.dtype() == DType::f64;
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    switch (t.dtype()) {
      case DType::f32: out.elements.push_back(Element::number(static_cast<double>(t.data<float>()[i]))); break;
      case DType::f64: out.elements.push_back(Element::number(t.data<double>()[i])); break;
      case DType::i64: out.elements.push_back(Element::integer(t.data<std::int64_t>()[i])); break;
      case DType::i32: out.elements.push_back(Element::integer(t.data<std::int32_t>()[i])); break;
      case DType::i16: out.elements.push_back(Element::integer(t.data<std::int16_t>()[i])); break;
      case DType::i8: out.elements.push_back(Element::integer(t.data<std::int8_t>()[i])); break;
      case DType::u8: out.elements.push_back(Element::integer(t.data<std::uint8_t>()[i])); break;
      case DType::boolean: out.elements.push_back(Element::integer(t.data<bool>()[i] ? 1 : 0)); break;
      default: FRUGAL_ASSERT(!real);
    }
  }
  return out;
}

Tensor tensor_from(const Known& known) {
  Tensor out(known.dtype, known.shape);
  for (std::size_t i = 0; i < known.elements.size(); ++i) {
    const Element& e = known.elements[i];
    if (e.symbolic()) depends(e);
    auto whole = [&] { return e.is_real ? static_cast<std::int64_t>(e.real) : e.whole.value(); };
    switch (known.dtype) {
      case DType::f32: out.data<float>()[i] = static_cast<float>(e.value()); break;
      case DType::f64: out.data<double>()[i] = e.value(); break;
      case DType::i64: out.data<std::int64_t>()[i] = whole(); break;
      case DType::i32: out.data<std::int32_t>()[i] = static_cast<std::int32_t>(whole()); break;
      case DType::i16: out.data<std::int16_t>()[i] = static_cast<std::int16_t>(whole()); break;
      case DType::i8: out.data<std::int8_t>()[i] = static_cast<std::int8_t>(whole()); break;
      case DType::u8: out.data<std::uint8_t>()[i] = static_cast<std::uint8_t>(whole()); break;
      case DType::boolean: out.data<bool>()[i] = whole() != 0; break;
      default: fail("a constant has the type {}", name(known.dtype));
    }
  }
  return out;
}

Element add(const Element& a, const Element& b) {
  return arithmetic(a, b, [](const auto& x, const auto& y) { return x + y; });
}

Element subtract(const Element& a, const Element& b) {
  return arithmetic(a, b, [](const auto& x, const auto& y) { return x - y; });
}

Element multiply(const Element& a, const Element& b) {
  if (!a.symbolic() && !b.symbolic()) {
    if (a.is_real || b.is_real) return Element::number(a.value() * b.value());
    return Element::integer(a.whole * b.whole);
  }
  Element x = fraction(a), y = fraction(b);
  return made(x.whole * y.whole, x.divisor * y.divisor, a.is_real || b.is_real);
}

Element divide(const Element& a, const Element& b) {
  const bool real = a.is_real || b.is_real;
  if (!a.symbolic() && !b.symbolic()) {
    if (real) return Element::number(a.value() / b.value());
    require(b.whole.value() != 0 && !(a.whole.value() == INT64_MIN && b.whole.value() == -1), "a division by zero");
    return Element::integer(a.whole.value() / b.whole.value());
  }
  if (a.is_real == b.is_real && a.divisor == b.divisor && a.whole == b.whole)
    return real ? Element::number(1) : Element::integer(1);
  if (b.symbolic()) {
    if (a.divisor == b.divisor) try {
        Dim quotient = exact_div(a.whole, b.whole);
        return real ? made(quotient, 1, true) : Element::integer(quotient);
      } catch (const Error&) {}
    depends(b);
  }
  Element y = fraction(b);
  if (y.whole.value() <= 0 || static_cast<double>(y.whole.value()) * static_cast<double>(a.divisor) > kMostDivisor)
    depends(a);
  if (!real) return Element::integer(floor_div(a.whole, y.whole.value()));  // sizes are not negative
  return made(a.whole * Dim(y.divisor), a.divisor * y.whole.value(), true);
}

Element floor(const Element& a) {
  if (!a.symbolic()) return a.is_real ? Element::number(std::floor(a.real)) : a;
  return {floor_div(a.whole, a.divisor), 1, 0, a.is_real};
}

Element ceil(const Element& a) {
  if (!a.symbolic()) return a.is_real ? Element::number(std::ceil(a.real)) : a;
  return {floor_div(a.whole + Dim(a.divisor - 1), a.divisor), 1, 0, a.is_real};
}

int compare(const Element& a, const Element& b) {
  auto sign = [](double d) { return d < 0 ? -1 : d > 0 ? 1 : 0; };
  if (!a.symbolic() && !b.symbolic()) {
    if (!a.is_real && !b.is_real) return a.whole == b.whole ? 0 : a.whole.value() < b.whole.value() ? -1 : 1;
    return sign(a.value() - b.value());
  }
  Element difference = subtract(a, b);
  if (!difference.symbolic()) return sign(difference.value());
  // Sizes are at least 1, so what is made of them without a minus is, or at least 0 where something is rounded down:
  // torch's exports ask whether one is -1 or 0.
  auto least = [](const Element& e) {
    const std::string text = e.whole.text();
    return text.find('-') != std::string::npos ? -HUGE_VAL : text.find("floor") != std::string::npos ? 0.0 : 1.0;
  };
  if (a.symbolic() && !b.symbolic() && b.value() < least(a)) return 1;
  if (b.symbolic() && !a.symbolic() && a.value() < least(b)) return -1;
  depends(a.symbolic() ? a : b);
}

Element convert(const Element& a, DType dtype) {
  switch (dtype) {
    case DType::f32:
      if (a.symbolic()) return {a.whole, a.divisor, 0, true};
      return Element::number(static_cast<double>(static_cast<float>(a.value())));
    case DType::f64:
      if (a.symbolic()) return {a.whole, a.divisor, 0, true};
      return Element::number(a.value());
    case DType::boolean:
      return Element::integer(compare(a, a.is_real ? Element::number(0) : Element::integer(0)) != 0 ? 1 : 0);
    default: break;
  }
  if (!a.is_real) {
    if (!a.symbolic() && dtype == DType::i32) return Element::integer(static_cast<std::int32_t>(a.whole.value()));
    return a;
  }
  if (a.symbolic()) return Element::integer(floor(a).whole);
  require(std::abs(a.real) < 9.2e18, "{} is cast to an integer", a.real);
  return Element::integer(static_cast<std::int64_t>(a.real));
}

}  // namespace frugal::onnx_import
