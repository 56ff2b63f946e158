// Convolutions on gathered columns: see kernels/conv_columns.h. Columns lie as [input block][tap][pixel][c], so that a
// tile of pixels sees what a 1x1 convolution sees. What a slab of channels has summed waits in scratch for the next
// one.
#pragma once

#include "kernels/conv_columns.h"
#include "kernels/simd/conv_common.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

// A slab's weights of one chunk and its columns stay in the second-level cache together.
constexpr std::int64_t kSlabDepth = 576, kColumnFloats = 32768;

std::int64_t split(std::int64_t items, std::int64_t most) {  // parts of about equal size
  return (items + most - 1) / most;
}

struct ColumnsPlan {
  std::int64_t taps, in_blocks, slabs, pixels, ranges, range;  // range: pixels of the longest
  explicit ColumnsPlan(const Conv2dShape& s)
      : taps(s.kernel_h * s.kernel_w), in_blocks(blocks_of(s.in_c)), pixels(s.out_h * s.out_w) {
    const std::int64_t one = taps * kLanes, most = kSlabDepth > one ? kSlabDepth / one : 1;
    slabs = split(in_blocks, most);
    const std::int64_t tiles = kColumnFloats / (split(in_blocks, slabs) * one) / kTileRows;
    const std::int64_t longest = (tiles > 1 ? tiles : 1) * kTileRows;
    range = pixels < longest ? pixels : longest;
    ranges = split(pixels, range);
  }
  std::int64_t slab_begin(std::int64_t slab) const { return in_blocks * slab / slabs; }
  std::int64_t column_floats() const { return split(in_blocks, slabs) * taps * range * kLanes; }
};

Extent columns_extent(const Conv2dShape& s) { return {chunks_of(s.out_c), s.batch * ColumnsPlan(s).ranges}; }

std::int64_t columns_scratch(const Conv2dShape& s) {
  const ColumnsPlan plan(s);
  return plan.column_floats() + (plan.slabs > 1 ? chunks_of(s.out_c) * plan.range * 2 * kLanes : 0);
}

// One tap of pixels [first, last) of the map, row by row.
void gather_tap(const Conv2dShape& s, const float* plane, std::int64_t ky, std::int64_t kx, std::int64_t first,
                std::int64_t last, float* to) {
  for (std::int64_t at = first; at < last;) {
    const std::int64_t y = at / s.out_w, x = at - y * s.out_w;
    const std::int64_t count = last - at < s.out_w - x ? last - at : s.out_w - x;
    const std::int64_t iy = y * s.stride_h - s.pad_top + ky * s.dilation_h;
    std::int64_t ix = x * s.stride_w - s.pad_left + kx * s.dilation_w;
    const float* row = plane + iy * s.in_w * kLanes;
    const bool inside = iy >= 0 && iy < s.in_h;
    for (std::int64_t i = 0; i < count; ++i, ix += s.stride_w, to += kLanes)
      store(to, inside && ix >= 0 && ix < s.in_w ? load(row + ix * kLanes) : zero());
    at += count;
  }
}

struct Slab {
  std::int64_t depth, valid;  // iterations of c channels; channels that exist, counted per tap
  std::int64_t taps;
  const float* columns;
  std::int64_t plane;  // floats from one iteration to the next
  Ahead ahead;         // the next chunk's weights
};

// acc: [R][NB] sums, started from or left in `partial` ([block][pixel][c], blocks `step` apart), where the slab is not
// the first or not the last.
template <int R, int NB>
void columns_tile(Slab& slab, std::int64_t x, const float* w, float* partial, std::int64_t step, bool first, bool last,
                  const TileStore& to, const Epilogue& e) {
  V acc[R][NB];
  if (first) {
    clear(acc);
  } else {
#pragma GCC unroll 16
    for (int p = 0; p < R; ++p)
#pragma GCC unroll 4
      for (int b = 0; b < NB; ++b) acc[p][b] = load(partial + b * step + (x + p) * kLanes);
  }
  const float* column = slab.columns + x * kLanes;
  std::int64_t left = slab.valid, tap = 0;
  for (std::int64_t i = 0; i < slab.depth; ++i, column += slab.plane, w += kLanes * NB * kLanes) {
    slab.ahead.fetch();
    accumulate(acc, column, kLanes, 1, w, NB * kLanes, left < kLanes ? left : kLanes);
    if (++tap == slab.taps) tap = 0, left -= kLanes;
  }
  if (last) {
    finish_tile(acc, to, e, x * kLanes);
    return;
  }
#pragma GCC unroll 16
  for (int p = 0; p < R; ++p)
#pragma GCC unroll 4
    for (int b = 0; b < NB; ++b) store(partial + b * step + (x + p) * kLanes, acc[p][b]);
}

template <int NB>
void columns_chunk(Slab slab, std::int64_t pixels, const float* w, float* partial, std::int64_t step, bool first,
                   bool last, const TileStore& to, const Epilogue& e) {
  for (std::int64_t x = 0; x < pixels;) {
    const int rows = next_tile(pixels - x);
    with_rows<kTileRows>(rows, [&]<int R>() { columns_tile<R, NB>(slab, x, w, partial, step, first, last, to, e); });
    x += rows;
  }
}

// Pixels [first, last) of one image, chunks [begin, end).
void columns_range(const Conv2dArgs& args, const ColumnsPlan& plan, std::int64_t image, std::int64_t first,
                   std::int64_t last, std::int64_t begin, std::int64_t end, float* scratch) {
  const Conv2dShape& s = args.shape;
  const std::int64_t blocks = blocks_of(s.out_c), map = s.in_h * s.in_w * kLanes, pixels = last - first;
  const std::int64_t chunk_floats = plan.in_blocks * plan.taps * kLanes * 2 * kLanes;
  float* const partial = scratch + plan.column_floats();
  for (std::int64_t n = 0; n < plan.slabs; ++n) {
    const std::int64_t block = plan.slab_begin(n), block_end = plan.slab_begin(n + 1),
                       depth = (block_end - block) * plan.taps;
    float* to = scratch;
    for (std::int64_t b = block; b < block_end; ++b)
      for (std::int64_t ky = 0; ky < s.kernel_h; ++ky)
        for (std::int64_t kx = 0; kx < s.kernel_w; ++kx, to += pixels * kLanes)
          gather_tap(s, args.in + (image * plan.in_blocks + b) * map, ky, kx, first, last, to);
    for (std::int64_t chunk = begin; chunk < end; ++chunk) {
      const bool pair = chunk * 2 + 1 < blocks;
      const int nb = pair ? 2 : 1;
      const float* w = args.weights + chunk * chunk_floats + block * plan.taps * kLanes * nb * kLanes;
      const Slab slab{depth,           s.in_c - block * kLanes,
                      plan.taps,       scratch,
                      pixels * kLanes, Ahead(w + chunk_floats, kLanes * nb * kLanes, split(pixels, kTileRows))};
      const TileStore out = conv_store(args, image, chunk * 2, nb, 0, first);
      float* sums = partial + chunk * plan.range * 2 * kLanes;
      const std::int64_t step = plan.range * kLanes;
      pair ? columns_chunk<2>(slab, pixels, w, sums, step, n == 0, n + 1 == plan.slabs, out, args.epilogue)
           : columns_chunk<1>(slab, pixels, w, sums, step, n == 0, n + 1 == plan.slabs, out, args.epilogue);
    }
  }
}

void columns(const Conv2dArgs& args, Extent begin, Extent end, float* scratch) {
  const ColumnsPlan plan(args.shape);
  for (std::int64_t strip = begin.strips; strip < end.strips; ++strip) {
    const std::int64_t image = strip / plan.ranges, range = strip - image * plan.ranges;
    const std::int64_t first = range * plan.range,
                       last = first + plan.range < plan.pixels ? first + plan.range : plan.pixels;
    columns_range(args, plan, image, first, last, begin.chunks, end.chunks, scratch);
  }
}

}  // namespace

const ConvColumns conv_columns{columns_extent, columns_scratch, columns};

}  // namespace frugal::FRUGAL_SIMD
