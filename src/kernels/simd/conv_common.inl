// What every convolution on blocked maps shares.
#pragma once

#include "kernels/simd/tables.h"
#include "kernels/simd/tile.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

inline std::int64_t blocks_of(std::int64_t channels) { return (channels + kLanes - 1) / kLanes; }
inline std::int64_t chunks_of(std::int64_t channels) { return (blocks_of(channels) + 1) / 2; }

inline std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
inline std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

// Taps k of a window starting at `first` that fall into [0, size).
inline void valid_taps(std::int64_t first, std::int64_t dilation, std::int64_t kernel, std::int64_t size,
                       std::int64_t* begin, std::int64_t* end) {
  *begin = first < 0 ? smaller(kernel, ceil_div(-first, dilation)) : 0;
  const bool all = first + (kernel - 1) * dilation < size;
  *end = all ? kernel : first < size ? smaller(kernel, ceil_div(size - first, dilation)) : 0;
  if (*end < *begin) *end = *begin;
}

// Weights that are wanted next, fetched while others are worked on: they stream from memory, and the hardware's own
// fetching ends at every page.
struct Ahead {
  const char* at;
  std::int64_t lines;  // at each step
  // What is worked on is read `passes` times, `step` floats at each step; what lies at `next` is as large.
  Ahead(const float* next, std::int64_t step, std::int64_t passes)
      : at(reinterpret_cast<const char*>(next)), lines((step * 4 / 64 + passes - 1) / passes) {}
  __attribute__((always_inline)) void fetch() {
    for (std::int64_t i = 0; i < lines; ++i, at += 64) __builtin_prefetch(at, 0, 2);
  }
};

// Where the tile at (y, x) of channel block `block` goes; `blocks` is its height in blocks.
inline TileStore conv_store(const Conv2dArgs& args, std::int64_t image, std::int64_t block, int blocks, std::int64_t y,
                            std::int64_t x) {
  const Conv2dShape& s = args.shape;
  const Epilogue& e = args.epilogue;
  std::int64_t plane = s.out_h * s.out_w * kLanes;
  std::int64_t at = (image * blocks_of(s.out_c) + block) * plane + (y * s.out_w + x) * kLanes;
  std::int64_t left = s.out_c - (block + blocks - 1) * kLanes;
  return {args.out + at,
          e.residual ? e.residual + at : nullptr,
          kLanes,
          plane,
          e.bias ? e.bias + block * kLanes : nullptr,
          e.activation.slope ? e.activation.slope + block * kLanes : nullptr,
          static_cast<int>(left < kLanes ? left : kLanes),
          false,
          true};
}

}  // namespace
}  // namespace frugal::FRUGAL_SIMD
