// Finishing a register tile: bias, residual, activation, store.
#pragma once

#include "kernels/simd/math.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

// Where a tile of rows x blocks vectors goes. Row p, block b lies at p * row_stride + b * block_stride.
struct TileStore {
  float* out;
  const float* residual;      // same strides, or null
  std::int64_t row_stride;
  std::int64_t block_stride;
  const float* bias;          // of the tile's first channel, or null
  const float* slope;         // prelu, of the tile's first channel
  int last_lanes;             // valid lanes of the last block
  bool channels_are_rows;
};

// Clamping covers none, relu and clip, and stays in registers.
inline bool clamp_bounds(const ActivationSpec& spec, float* lo, float* hi) {
  *lo = -__builtin_inff();
  *hi = __builtin_inff();
  switch (spec.kind) {
    case Activation::none: return true;
    case Activation::relu: *lo = 0; return true;
    case Activation::clip: *lo = spec.alpha; *hi = spec.beta; return true;
    default: return false;
  }
}

// In place on `n` vectors that lie one after another in `values`; row-major [rows][blocks].
__attribute__((noinline)) void activate_tile(float* values, int rows, int blocks, const TileStore& to,
                                             const ActivationSpec& spec) {
  if (spec.kind == Activation::prelu) {
    for (int p = 0; p < rows; ++p)
      for (int b = 0; b < blocks; ++b) {
        float* v = values + (p * blocks + b) * kLanes;
        V slope = to.channels_are_rows ? broadcast(to.slope + p)
                                       : load_first(to.slope + b * kLanes, b + 1 == blocks ? to.last_lanes : kLanes);
        store(v, leaky(load(v), slope));
      }
    return;
  }
  int n = rows * blocks;
  for_activation(spec, [=](auto f) {
    for (int i = 0; i < n; ++i) store(values + i * kLanes, f(load(values + i * kLanes)));
  });
}

template <int R, int NB>
__attribute__((always_inline)) inline void finish_tile(V (&acc)[R][NB], const TileStore& to, const Epilogue& e) {
  const bool residual_first = to.residual && !e.residual_last, residual_last = to.residual && e.residual_last;
  V bias[NB];
#pragma GCC unroll 4
  for (int b = 0; b < NB; ++b) {
    int lanes = b + 1 == NB ? to.last_lanes : kLanes;
    bias[b] = to.bias && !to.channels_are_rows ? load_first(to.bias + b * kLanes, lanes) : zero();
  }
  float lo, hi;
  if (clamp_bounds(e.activation, &lo, &hi)) {
    V vlo = set1(lo), vhi = set1(hi);
#pragma GCC unroll 16
    for (int p = 0; p < R; ++p) {
      V row_bias = to.bias && to.channels_are_rows ? broadcast(to.bias + p) : zero();
#pragma GCC unroll 4
      for (int b = 0; b < NB; ++b) {
        int lanes = b + 1 == NB ? to.last_lanes : kLanes;
        std::int64_t at = p * to.row_stride + b * to.block_stride;
        V v = add(acc[p][b], to.channels_are_rows ? row_bias : bias[b]);
        if (residual_first) v = add(v, load_first(to.residual + at, lanes));
        v = clamp(v, vlo, vhi);
        if (residual_last) v = add(v, load_first(to.residual + at, lanes));
        store_first(to.out + at, v, lanes);
      }
    }
    return;
  }
  alignas(64) float buffer[R * NB * kLanes];
#pragma GCC unroll 16
  for (int p = 0; p < R; ++p) {
#pragma GCC unroll 4
    for (int b = 0; b < NB; ++b) store(buffer + (p * NB + b) * kLanes, acc[p][b]);
  }
  for (int p = 0; p < R; ++p)
    for (int b = 0; b < NB; ++b) {
      float* v = buffer + (p * NB + b) * kLanes;
      V x = load(v);
      if (to.bias) x = add(x, to.channels_are_rows ? broadcast(to.bias + p) : bias[b]);
      if (residual_first)
        x = add(x, load_first(to.residual + p * to.row_stride + b * to.block_stride, b + 1 == NB ? to.last_lanes : kLanes));
      store(v, x);
    }
  activate_tile(buffer, R, NB, to, e.activation);
  for (int p = 0; p < R; ++p)
    for (int b = 0; b < NB; ++b) {
      int lanes = b + 1 == NB ? to.last_lanes : kLanes;
      std::int64_t at = p * to.row_stride + b * to.block_stride;
      V x = load(buffer + (p * NB + b) * kLanes);
      if (residual_last) x = add(x, load_first(to.residual + at, lanes));
      store_first(to.out + at, x, lanes);
    }
}

}  // namespace
}  // namespace frugal::FRUGAL_SIMD
