// Finishing a register tile: bias, residual, activation, store.
#pragma once

#include "kernels/simd/math.inl"

namespace frugal::FRUGAL_SIMD {

// Where a tile of rows x blocks vectors goes. Row p, block b lies at p * row_stride + b * block_stride.
struct TileStore {
  float* out;
  const float* residual;  // same strides, or null
  std::int64_t row_stride;
  std::int64_t block_stride;
  const float* bias;   // of the tile's first channel, or null
  const float* slope;  // prelu, of the tile's first channel
  int last_lanes;      // valid lanes of the last block
  bool channels_are_rows;
  bool whole_blocks;  // the other lanes of the last block exist in `out` and `residual` and may hold anything
};

// Any activation, any lanes; `values` holds the sums, [rows][blocks] vectors. Once an instruction set (epilogue.cpp):
// all activations take 20 KB.
void finish_values(const float* values, int rows, int blocks, const TileStore& to, const Epilogue& e);

namespace {

// Clamping covers none, relu and clip, and stays in registers.
inline bool clamp_bounds(const ActivationSpec& spec, float* lo, float* hi) {
  *lo = -__builtin_inff();
  *hi = __builtin_inff();
  switch (spec.kind) {
    case Activation::none: return true;
    case Activation::relu: *lo = 0; return true;
    case Activation::clip:
      *lo = spec.alpha;
      *hi = spec.beta;
      return true;
    default: return false;
  }
}

// `offset` floats behind the place that `to` says.
template <int R, int NB>
__attribute__((always_inline)) inline void finish_tile(V (&acc)[R][NB], const TileStore& to, const Epilogue& e,
                                                       std::int64_t offset = 0) {
  float lo, hi;
  if (!clamp_bounds(e.activation, &lo, &hi) || (to.last_lanes < kLanes && !to.whole_blocks) ||
      (to.residual && e.residual_last) || e.scale != 1 || e.shift != 0) {
    alignas(64) float values[R * NB * kLanes];
#pragma GCC unroll 16
    for (int p = 0; p < R; ++p) {
#pragma GCC unroll 4
      for (int b = 0; b < NB; ++b) store(values + (p * NB + b) * kLanes, acc[p][b]);
    }
    TileStore there = to;
    there.out += offset;
    if (to.residual) there.residual += offset;
    finish_values(values, R, NB, there, e);
    return;
  }
  // Copies: behind every store the compiler would fetch what `to` holds anew.
  float* const out = to.out + offset;
  const float *const residual = to.residual, *const bias = to.bias;
  const std::int64_t row_stride = to.row_stride, block_stride = to.block_stride;
  const V vlo = set1(lo), vhi = set1(hi);
  if (bias && to.channels_are_rows) {
#pragma GCC unroll 16
    for (int p = 0; p < R; ++p) {
      const V of_row = broadcast(bias + p);
#pragma GCC unroll 4
      for (int b = 0; b < NB; ++b) acc[p][b] = add(acc[p][b], of_row);
    }
  } else if (bias) {
#pragma GCC unroll 4
    for (int b = 0; b < NB; ++b) {
      const V of_block = load_first(bias + b * kLanes, b + 1 == NB ? to.last_lanes : kLanes);
#pragma GCC unroll 16
      for (int p = 0; p < R; ++p) acc[p][b] = add(acc[p][b], of_block);
    }
  }
  if (residual) {
    const float* const from = residual + offset;
#pragma GCC unroll 16
    for (int p = 0; p < R; ++p) {
#pragma GCC unroll 4
      for (int b = 0; b < NB; ++b) acc[p][b] = add(acc[p][b], load(from + p * row_stride + b * block_stride));
    }
  }
#pragma GCC unroll 16
  for (int p = 0; p < R; ++p) {
#pragma GCC unroll 4
    for (int b = 0; b < NB; ++b) store(out + p * row_stride + b * block_stride, clamp(acc[p][b], vlo, vhi));
  }
}

}  // namespace
}  // namespace frugal::FRUGAL_SIMD
