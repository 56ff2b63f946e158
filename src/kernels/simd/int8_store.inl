// The store of every 8-bit kernel: exact sums become bytes or floats.
#pragma once

#include "kernels/simd/conv_common.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

// Where rows x blocks vectors of sums go. Row p, block b lies at p * row_stride + b * block_stride, in elements.
struct Int8Store {
  void* out;
  const void* residual;
  std::int64_t row_stride, block_stride;
  const float *multiplier, *bias;
  int last_lanes;                    // valid lanes of the last block
  bool whole;                        // lanes beyond the valid ones may be written (blocked layout)
  const float* row_scale = nullptr;  // of each row, or null
};

inline void store_bytes_first(std::uint8_t* p, V v, I zero, int n) {
  if (n >= kLanes) return store_bytes(p, v, zero);
  std::uint8_t bytes[kLanes];
  store_bytes(bytes, v, zero);
  std::memcpy(p, bytes, static_cast<std::size_t>(n));
}
inline V load_bytes_first(const std::uint8_t* p, int n) {
  if (n >= kLanes) return load_bytes(p);
  std::uint8_t bytes[kLanes] = {};
  std::memcpy(bytes, p, static_cast<std::size_t>(n));
  return load_bytes(bytes);
}

inline Int8Store int8_store(const Int8Args& a, std::int64_t image, std::int64_t block, int blocks, std::int64_t pixel) {
  const Conv2dShape& s = a.shape;
  const Int8Epilogue& e = a.epilogue;
  const std::int64_t pixels = s.out_h * s.out_w;
  const std::int64_t row = a.row_major ? s.out_c : kLanes, plane = a.row_major ? kLanes : pixels * kLanes;
  const std::int64_t at =
      a.row_major ? pixel * row + block * kLanes : (image * blocks_of(s.out_c) + block) * plane + pixel * kLanes;
  const std::int64_t left = s.out_c - (block + blocks - 1) * kLanes;
  auto byte_at = [at](const void* base, bool bytes) -> const void* {
    return bytes ? static_cast<const void*>(static_cast<const std::uint8_t*>(base) + at)
                 : static_cast<const void*>(static_cast<const float*>(base) + at);
  };
  return {const_cast<void*>(byte_at(a.out, e.quantized)),
          e.residual ? byte_at(e.residual, !e.residual_is_float) : nullptr,
          row,
          plane,
          e.multiplier + block * kLanes,
          e.bias + block * kLanes,
          static_cast<int>(left < kLanes ? left : kLanes),
          !a.row_major,
          e.row_scale ? e.row_scale + pixel : nullptr};
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

__attribute__((noinline, noclone)) void finish_int8(float* sums, int rows, int blocks, const Int8Store& to,
                                                    const Int8Epilogue& e) {
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

}  // namespace
}  // namespace frugal::FRUGAL_SIMD
