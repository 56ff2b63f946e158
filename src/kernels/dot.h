// What layers made of dot products (DotKernel) share on the side of the machine: the order of packed weights, and how
// the work is split over threads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/thread_pool.h"
#include "kernels/kernels.h"

namespace frugal {

inline std::int64_t dot_taps(const Conv2dShape& s) { return s.kernel_h * s.kernel_w; }
inline std::int64_t dot_products(const Conv2dShape& s) { return s.in_c / s.groups * dot_taps(s); }

// Groups are whole channel blocks, and the kernels' own limits.
bool dot_fits(const KernelTable& table, const Conv2dShape& shape);

// Calls f(chunk, first output channel, channels with padding, first input channel, tap) for every vector of packed
// weights, [group][chunk][input block][kh][kw][dot product]: `step` input channels of that many output channels, of
// which those beyond the group's are zero.
template <typename F>
void each_dot(const KernelTable& table, const Conv2dShape& s, std::int64_t step, F f) {
  const std::int64_t c = table.channel_block, out_c = s.out_c / s.groups, in_c = s.in_c / s.groups;
  std::int64_t chunk = 0;
  for (std::int64_t g = 0; g < s.groups; ++g)
    for (std::int64_t first = 0; first < out_c; first += 2 * c, ++chunk)
      for (std::int64_t block = 0; block < in_c; block += c)
        for (std::int64_t tap = 0; tap < dot_taps(s); ++tap)
          for (std::int64_t i = block; i < std::min(block + c, in_c); i += step)
            f(chunk, g * out_c + first, first + c < out_c ? 2 * c : c, i, tap);
}

// Weight [o][i][tap] of [out_c][in_c / groups][taps], 0 beyond the channels of o's group.
template <typename T>
T weight_at(const Conv2dShape& s, const T* weights, std::int64_t first, std::int64_t o, std::int64_t i,
            std::int64_t tap) {
  const std::int64_t out_c = s.out_c / s.groups, in_c = s.in_c / s.groups;
  return o / out_c == first / out_c && o < s.out_c && i < in_c ? weights[(o * in_c + i) * dot_taps(s) + tap] : T{};
}

// Split by strips of the picture or by output channels? In multiply-adds, as for floats (conv2d.cpp): `weight_bytes`
// from the shared cache, and `map_bytes` that the other core has just written.
bool dot_by_strips(const Conv2dShape& shape, const Extent& extent, int threads, double weight_bytes, double map_bytes);

// Runs the kernel on all threads; `step`: bytes of scratch of one.
template <typename Args>
void run_dot(const DotKernel<Args>& kernel, const Args& args, ThreadPool& pool, double weight_bytes, double map_bytes,
             std::uint8_t* scratch, std::int64_t step) {
  const Extent extent = kernel.extent(args);
  if (dot_by_strips(args.shape, extent, pool.threads(), weight_bytes, map_bytes)) {
    pool.parallel_for(extent.strips, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
      kernel.run(args, {0, begin}, {extent.chunks, end}, scratch + thread * step);
    });
  } else {
    pool.parallel_for(extent.chunks, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
      kernel.run(args, {begin, 0}, {end, extent.strips}, scratch + thread * step);
    });
  }
}

}  // namespace frugal
