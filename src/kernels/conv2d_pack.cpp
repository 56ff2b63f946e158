#include <algorithm>

#include "base/check.h"
#include "kernels/conv2d_common.h"
#include "kernels/winograd.h"

namespace frugal {
namespace {

// fn(chunk) on all threads, or here.
template <typename F>
void each_chunk(ThreadPool* pool, std::int64_t chunks, F fn) {
  auto range = [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t chunk = begin; chunk < end; ++chunk) fn(chunk);
  };
  pool ? pool->parallel_for(chunks, 1, range) : range(0, chunks, 0);
}

// [groups of channels][chunk][input block][tap][in_block][chunk width], shared
// by direct and plain: `in_block` input channels lie innermost, padded with
// zeros to whole blocks. Reads every filter in its own order.
void pack_chunks(const Conv2dPlan& plan, std::int64_t in_block, const float* weights, float* packed, ThreadPool* pool) {
  const Conv2dShape& s = plan.shape;
  const std::int64_t c = plan.table->channel_block, chunk = plan.table->conv_chunk, t = taps(s);
  const std::int64_t out_c = s.out_c / s.groups, in_c = s.in_c / s.groups,
                     whole_in = ceil_div(in_c, in_block) * in_block;
  const std::int64_t chunks = ceil_div(out_c, chunk), group_floats = ceil_div(out_c, c) * c * whole_in * t;
  each_chunk(pool, s.groups * chunks, [&](std::int64_t item) {
    const std::int64_t first = item % chunks * chunk, width = first + c < out_c ? chunk : c;
    const std::int64_t valid = std::min(width, out_c - first);
    float* to = packed + item / chunks * group_floats + first * whole_in * t;
    if (valid < width || whole_in > in_c) std::fill(to, to + whole_in * t * width, 0.0f);
    const float* from = weights + (item / chunks * out_c + first) * in_c * t;
    if (t == 1 && width == plan.table->gemm_panel && whole_in == in_c) {  // a matrix, transposed
      plan.table->gemm_pack_b(valid, in_c, from, in_c, true, to, 0, 1);
      return;
    }
    for (std::int64_t block = 0; block < in_c; block += in_block)
      for (std::int64_t o = 0; o < valid; ++o)
        for (std::int64_t ic = block; ic < std::min(in_c, block + in_block); ++ic)
          for (std::int64_t tap = 0; tap < t; ++tap)
            to[(block * t + tap * in_block + ic - block) * width + o] = from[(o * in_c + ic) * t + tap];
  });
}

void pack_depthwise(const Conv2dPlan& plan, const float* weights, float* to) {
  const Conv2dShape& s = plan.shape;
  const std::int64_t c = plan.table->channel_block;
  for (std::int64_t b = 0; b < ceil_div(s.out_c, c); ++b)
    for (std::int64_t tap = 0; tap < taps(s); ++tap)
      for (std::int64_t lane = 0; lane < c; ++lane)
        *to++ = b * c + lane < s.out_c ? weights[(b * c + lane) * taps(s) + tap] : 0;
}

// [chunk][channel][tap][output channel of the chunk]
void pack_pixels(const Conv2dPlan& plan, const float* weights, float* to) {
  const Conv2dShape& s = plan.shape;
  const std::int64_t chunks = plan.table->conv_pixels_extent(s).chunks, one = s.in_c * taps(s);
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk)
    for (std::int64_t i = 0; i < one; ++i)
      for (std::int64_t o = s.out_c * chunk / chunks; o < s.out_c * (chunk + 1) / chunks; ++o)
        *to++ = weights[o * one + i];
}

// [chunk][point][input block][c][chunk]
void pack_winograd(const Conv2dPlan& plan, const float* weights, float* packed, ThreadPool* pool) {
  const Conv2dShape& s = plan.shape;
  const int m = winograd_size(plan.algorithm), points = (m + 2) * (m + 2);
  const std::int64_t c = plan.table->channel_block, chunk = plan.table->conv_chunk, in_c = ceil_div(s.in_c, c) * c;
  FRUGAL_ASSERT(chunk <= kWinogradFilters);
  WinogradFilters* transform = plan.table->isa == Isa::avx512 ? avx512::winograd_filters : avx2::winograd_filters;
  each_chunk(pool, ceil_div(s.out_c, chunk), [&](std::int64_t item) {
    const std::int64_t first = item * chunk, width = first + c < s.out_c ? chunk : c;
    const std::int64_t valid = std::min(width, s.out_c - first);
    float* to = packed + first * points * in_c;
    if (valid < width || in_c > s.in_c) std::fill(to, to + points * in_c * width, 0.0f);
    for (std::int64_t i = 0; i < s.in_c; ++i)
      transform(m, static_cast<int>(valid), weights + (first * s.in_c + i) * 9, s.in_c * 9, to + i * width,
                in_c * width);
  });
}

}  // namespace

std::int64_t conv2d_packed_floats(const Conv2dPlan& plan) {
  const Conv2dShape& s = plan.shape;
  const std::int64_t c = plan.table->channel_block;
  const std::int64_t out = s.groups * ceil_div(s.out_c / s.groups, c) * c;
  switch (plan.algorithm) {
    case ConvAlgorithm::direct:
    case ConvAlgorithm::columns: return out * ceil_div(s.in_c / s.groups, c) * c * taps(s);
    case ConvAlgorithm::plain_input: return out * s.in_c * taps(s);
    case ConvAlgorithm::depthwise: return ceil_div(s.out_c, c) * c * taps(s);
    case ConvAlgorithm::winograd_2: return out * ceil_div(s.in_c, c) * c * 16;
    case ConvAlgorithm::winograd_4: return out * ceil_div(s.in_c, c) * c * 36;
    case ConvAlgorithm::pixels:
    case ConvAlgorithm::im2col: return s.out_c * (s.in_c / s.groups) * taps(s);
  }
  return 0;
}

void conv2d_pack(const Conv2dPlan& plan, const float* weights, float* packed, ThreadPool* pool) {
  switch (plan.algorithm) {
    case ConvAlgorithm::direct:
    case ConvAlgorithm::columns: pack_chunks(plan, plan.table->channel_block, weights, packed, pool); break;
    case ConvAlgorithm::plain_input: pack_chunks(plan, 1, weights, packed, pool); break;
    case ConvAlgorithm::depthwise: pack_depthwise(plan, weights, packed); break;
    case ConvAlgorithm::pixels: pack_pixels(plan, weights, packed); break;
    case ConvAlgorithm::winograd_2:
    case ConvAlgorithm::winograd_4: pack_winograd(plan, weights, packed, pool); break;
    case ConvAlgorithm::im2col: std::copy(weights, weights + conv2d_packed_floats(plan), packed); break;
  }
}

}  // namespace frugal
