// Access to elements of any type: for_type hands a function an accessor that loads a Value and stores one.
#pragma once

#include <cstdint>
#include <type_traits>

#include "frugal/tensor.h"
#include "tensor/half.h"

namespace frugal::scalar {

template <typename T>
struct Plain {
  using Value = T;
  using Storage = T;
  static T load(const T* p) { return *p; }
  static void store(T* p, T v) { *p = v; }
};
struct Half {
  using Value = float;
  using Storage = std::uint16_t;
  static float load(const std::uint16_t* p) { return half_to_float(*p); }
  static void store(std::uint16_t* p, float v) { *p = float_to_half(v); }
};
struct Brain {
  using Value = float;
  using Storage = std::uint16_t;
  static float load(const std::uint16_t* p) { return bf16_to_float(*p); }
  static void store(std::uint16_t* p, float v) { *p = float_to_bf16(v); }
};

template <typename F>
void for_float(DType type, F f) {
  switch (type) {
    case DType::f32: return f(Plain<float>{});
    case DType::f64: return f(Plain<double>{});
    case DType::f16: return f(Half{});
    case DType::bf16: return f(Brain{});
    default: return;
  }
}

template <typename F>
void for_integer(DType type, F f) {
  switch (type) {
    case DType::i8: return f(Plain<std::int8_t>{});
    case DType::u8: return f(Plain<std::uint8_t>{});
    case DType::i16: return f(Plain<std::int16_t>{});
    case DType::i32: return f(Plain<std::int32_t>{});
    case DType::i64: return f(Plain<std::int64_t>{});
    default: return;
  }
}

// Booleans are bytes of 0 and 1.
template <typename F>
void for_type(DType type, F f) {
  for_float(type, f);
  for_integer(type, f);
  if (type == DType::boolean) f(Plain<std::uint8_t>{});
}

template <typename E>
typename E::Value at(const void* p, std::int64_t i) {
  return E::load(static_cast<const typename E::Storage*>(p) + i);
}
template <typename E>
void put(void* p, std::int64_t i, typename E::Value v) {
  E::store(static_cast<typename E::Storage*>(p) + i, v);
}

// Wrapping integer arithmetic, plain for floats.
template <typename T, typename F>
T wrapping(T a, T b, F f) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(f(static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b)));
  else
    return f(a, b);
}

}  // namespace frugal::scalar
