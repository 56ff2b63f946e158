#pragma once

#include "kernels/simd/math.inl"
#include "kernels/simd/tables.h"

namespace frugal::FRUGAL_SIMD {
namespace {

template <typename F>
inline void map(std::int64_t n, const float* in, float* out, F f) {
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(out + i, f(load(in + i)));
  if (int rest = static_cast<int>(n - i)) store_first(out + i, f(load_first(in + i, rest)), rest);
}

void activate(std::int64_t n, const float* in, float* out, const ActivationSpec& spec) {
  for_activation(spec, [=](auto f) { map(n, in, out, f); });
}

void prelu_block(std::int64_t pixels, int channels, const float* in, float* out, const float* slope) {
  V s = load_first(slope, channels);
  map(pixels * kLanes, in, out, [=](V x) { return leaky(x, s); });
}

template <typename F>
inline void map2(Operand operand, std::int64_t n, const float* a, const float* b, float* out, F f) {
  if (operand == Operand::full) {
    std::int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) store(out + i, f(load(a + i), load(b + i)));
    if (int rest = static_cast<int>(n - i))
      store_first(out + i, f(load_first(a + i, rest), load_first(b + i, rest)), rest);
    return;
  }
  V vb = operand == Operand::scalar ? broadcast(b) : load(b);
  map(n, a, out, [=](V x) { return f(x, vb); });
}

void binary(Binary op, Operand operand, std::int64_t n, const float* a, const float* b, float* out) {
  switch (op) {
    case Binary::add: map2(operand, n, a, b, out, [](V x, V y) { return add(x, y); }); break;
    case Binary::sub: map2(operand, n, a, b, out, [](V x, V y) { return sub(x, y); }); break;
    case Binary::rsub: map2(operand, n, a, b, out, [](V x, V y) { return sub(y, x); }); break;
    case Binary::mul: map2(operand, n, a, b, out, [](V x, V y) { return mul(x, y); }); break;
    case Binary::div: map2(operand, n, a, b, out, [](V x, V y) { return div(x, y); }); break;
    case Binary::rdiv: map2(operand, n, a, b, out, [](V x, V y) { return div(y, x); }); break;
    case Binary::min: map2(operand, n, a, b, out, [](V x, V y) { return select(equal(x, x), min(x, y), x); }); break;
    case Binary::max: map2(operand, n, a, b, out, [](V x, V y) { return select(equal(x, x), max(x, y), x); }); break;
    default: break;  // kernels/typed.h
  }
}

}  // namespace

void fill_elementwise(KernelTable& table) {
  table.activate = activate;
  table.prelu_block = prelu_block;
  table.binary = binary;
}

}  // namespace frugal::FRUGAL_SIMD
