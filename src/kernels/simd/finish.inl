// What is left of a tile that does not stay in registers: every activation, floats and bytes.
#pragma once

#include "kernels/simd/int8_store.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

template <typename F>
inline void finish_each(const float* values, int rows, int blocks, const TileStore& to, const Epilogue& e, F activate) {
  const V scale = set1(e.scale), shift = set1(e.shift);
  if (!to.residual && to.last_lanes == kLanes) {  // the usual case: nothing to ask at each vector
    for (int p = 0; p < rows; ++p)
      for (int b = 0; b < blocks; ++b, values += kLanes) {
        V x = load(values);
        if (to.bias) x = add(x, to.channels_are_rows ? broadcast(to.bias + p) : load(to.bias + b * kLanes));
        store(to.out + p * to.row_stride + b * to.block_stride, fma(activate(x, p, b, kLanes), scale, shift));
      }
    return;
  }
  for (int p = 0; p < rows; ++p)
    for (int b = 0; b < blocks; ++b, values += kLanes) {
      const std::int64_t at = p * to.row_stride + b * to.block_stride;
      const int lanes = b + 1 == blocks ? to.last_lanes : kLanes;
      V x = load(values);
      if (to.bias) x = add(x, to.channels_are_rows ? broadcast(to.bias + p) : load_first(to.bias + b * kLanes, lanes));
      if (to.residual && !e.residual_last) x = add(x, load_first(to.residual + at, lanes));
      x = fma(activate(x, p, b, lanes), scale, shift);
      if (to.residual && e.residual_last) x = add(x, load_first(to.residual + at, lanes));
      store_first(to.out + at, x, lanes);
    }
}

enum class Residual { none, bytes, floats };

template <Residual kind>
inline V load_residual(const Int8Store& to, std::int64_t at, int lanes, V zero) {
  if constexpr (kind == Residual::bytes)
    return sub(load_bytes_first(static_cast<const std::uint8_t*>(to.residual) + at, lanes), zero);
  return load_first(static_cast<const float*>(to.residual) + at, lanes);
}

// Activations that only clamp. `sums` are [rows][blocks] vectors of floats that hold whole numbers.
template <Residual kind>
void finish_clamped(const float* sums, int rows, int blocks, const Int8Store& to, const Int8Epilogue& e, float lo,
                    float hi) {
  const V vlo = set1(lo), vhi = set1(hi), residual_zero = set1(static_cast<float>(e.residual_zero)),
          residual_scale = set1(e.residual_scale);
  const I zero = set1_i(e.zero);
  for (int b = 0; b < blocks; ++b) {
    const int lanes = to.whole || b + 1 < blocks ? kLanes : to.last_lanes;
    const V multiplier = load(to.multiplier + b * kLanes), bias = load(to.bias + b * kLanes);
    std::int64_t at = b * to.block_stride;
    for (int p = 0; p < rows; ++p, at += to.row_stride) {
      V v = fma(load(sums + (p * blocks + b) * kLanes), multiplier, bias);
      if constexpr (kind != Residual::none)
        v = fma(load_residual<kind>(to, at, lanes, residual_zero), residual_scale, v);
      v = clamp(v, vlo, vhi);
      if (e.quantized)
        store_bytes_first(static_cast<std::uint8_t*>(to.out) + at, v, zero, lanes);
      else
        store_first(static_cast<float*>(to.out) + at, v, lanes);
    }
  }
}

// Any activation (not prelu, whose slope is no number of the epilogue).
__attribute__((noinline)) void finish_any(const float* sums, int rows, int blocks, const Int8Store& to,
                                          const Int8Epilogue& e) {
  const V residual_zero = set1(static_cast<float>(e.residual_zero)), residual_scale = set1(e.residual_scale);
  const V lo = set1(static_cast<float>(-e.zero)), hi = set1(static_cast<float>(255 - e.zero)), steps = set1(e.to_steps);
  auto add_residual = [&](V v, std::int64_t at, int lanes) {
    V r = e.residual_is_float ? load_residual<Residual::floats>(to, at, lanes, residual_zero)
                              : load_residual<Residual::bytes>(to, at, lanes, residual_zero);
    return fma(r, residual_scale, v);
  };
  for_activation(e.activation, [&](auto activation) {
    for (int p = 0; p < rows; ++p)
      for (int b = 0; b < blocks; ++b) {
        const std::int64_t at = p * to.row_stride + b * to.block_stride;
        const int lanes = to.whole || b + 1 < blocks ? kLanes : to.last_lanes;
        V v = fma(load(sums + (p * blocks + b) * kLanes), load(to.multiplier + b * kLanes), load(to.bias + b * kLanes));
        if (to.residual && !e.residual_last) v = add_residual(v, at, lanes);
        v = activation(v);
        if (to.residual && e.residual_last) v = add_residual(v, at, lanes);
        if (e.quantized)
          store_bytes_first(static_cast<std::uint8_t*>(to.out) + at, clamp(mul(v, steps), lo, hi), set1_i(e.zero),
                            lanes);
        else
          store_first(static_cast<float*>(to.out) + at, v, lanes);
      }
  });
}

}  // namespace

void finish_values(const float* values, int rows, int blocks, const TileStore& to, const Epilogue& e) {
  if (e.activation.kind == Activation::prelu) {
    finish_each(values, rows, blocks, to, e, [&](V x, int p, int b, int lanes) {
      return leaky(x, to.channels_are_rows ? broadcast(to.slope + p) : load_first(to.slope + b * kLanes, lanes));
    });
    return;
  }
  for_activation(e.activation,
                 [&](auto f) { finish_each(values, rows, blocks, to, e, [f](V x, int, int, int) { return f(x); }); });
}

void finish_int8(float* sums, int rows, int blocks, const Int8Store& to, const Int8Epilogue& e) {
  if (to.row_scale)
    for (int p = 0; p < rows; ++p)
      for (int b = 0; b < blocks; ++b) {
        float* sum = sums + (p * blocks + b) * kLanes;
        store(sum, mul(load(sum), set1(to.row_scale[p])));
      }
  float lo, hi;
  if (!clamp_bounds(e.activation, &lo, &hi) || (e.quantized && e.to_steps != 1) || (to.residual && e.residual_last))
    return finish_any(sums, rows, blocks, to, e);
  if (e.quantized) {
    const float low = static_cast<float>(-e.zero), high = static_cast<float>(255 - e.zero);
    lo = lo < low ? low : lo > high ? high : lo;
    hi = hi < low ? low : hi > high ? high : hi;
  }
  if (!to.residual)
    finish_clamped<Residual::none>(sums, rows, blocks, to, e, lo, hi);
  else if (e.residual_is_float)
    finish_clamped<Residual::floats>(sums, rows, blocks, to, e, lo, hi);
  else
    finish_clamped<Residual::bytes>(sums, rows, blocks, to, e, lo, hi);
}

}  // namespace frugal::FRUGAL_SIMD
