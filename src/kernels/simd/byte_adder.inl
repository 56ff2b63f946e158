// The adder convolution of bytes (kernels/byte_adder_types.h): a tile is up to 6 kernels x 2 runs of neighbouring
// pixels. A lane of 64 bits adds up one pixel's distances to one kernel, so nothing is summed across lanes, and a
// tile's channels may go anywhere in the output.
#pragma once

#include <algorithm>

#include "kernels/byte_adder_types.h"
#include "kernels/simd/adder_planes.inl"
#include "kernels/simd/tile.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

struct PixelRun {
  const std::uint8_t* window;  // its first byte of the first pixel
  std::int64_t pixel;
  int count;
};

// Goes through the runs of an image, row by row; behind the last one there are runs of no pixels.
class PixelRuns {
 public:
  PixelRuns(const ByteAdderArgs& a, const std::uint8_t* plane, std::int64_t first)
      : plane_(plane), row_bytes_(a.row_step * a.layout.row_bytes), width_(a.out_w), all_(a.out_h * a.out_w) {
    const std::int64_t runs = (width_ + kPixels - 1) / kPixels, x = first % runs * kPixels;
    row_ = plane + first / runs * row_bytes_;
    window_ = row_ + x * 8;
    pixel_ = first / runs * width_ + x;
    left_ = width_ - x;
  }

  PixelRun next() {
    if (pixel_ == all_) return {plane_, 0, 0};
    const PixelRun run{window_, pixel_, static_cast<int>(left_ < kPixels ? left_ : kPixels)};
    pixel_ += run.count;
    left_ -= run.count;
    window_ += kPixels * 8;
    if (left_ == 0) left_ = width_, window_ = row_ += row_bytes_;
    return run;
  }

 private:
  const std::uint8_t *plane_, *row_, *window_;
  std::int64_t row_bytes_, width_, all_, pixel_, left_;  // left_: pixels of the row
};

template <int T>
__attribute__((always_inline)) inline void add_distance(W (&sum)[T][2], std::int64_t offset,
                                                        const std::uint8_t* weights, const std::uint8_t* first,
                                                        const std::uint8_t* second) {
  const W x[2] = {load_bytes(first + offset), load_bytes(second + offset)};
#pragma GCC unroll 8
  for (int t = 0; t < T; ++t) {
    const W w = broadcast_bytes(weights + 8 * t);
#pragma GCC unroll 2
    for (int j = 0; j < 2; ++j) add_to(sum[t][j], distance(x[j], w));
  }
}

// Unrolled, a sum of few chunks ends where the processor expects it: 3 x 3 taps of any number of blocks are whole
// steps.
template <int T>
__attribute__((always_inline)) inline void add_distances(W (&sum)[T][2], const ByteAdderArgs& a,
                                                         const std::uint8_t* weights, const std::uint8_t* first,
                                                         const std::uint8_t* second) {
  constexpr int kStep = 9;
  const std::int64_t *offset = a.offsets, *const end = offset + a.chunks;
  for (; end - offset >= kStep; offset += kStep, weights += kStep * 8 * T) {
#pragma GCC unroll 9
    for (int i = 0; i < kStep; ++i) add_distance(sum, offset[i], weights + i * 8 * T, first, second);
  }
  for (; offset != end; ++offset, weights += 8 * T) add_distance(sum, *offset, weights, first, second);
}

// The store of a tile, one channel after the other: what can be done in registers, or the general way.
template <int T, bool Restored>
struct ChannelStore {
  Epilogue epilogue;
  float* y[T];
  const float *residual[T], *slope[T];
  float factor[T], bias[T];
  float lo, hi;
  bool simple;

  ChannelStore(const ByteAdderArgs& a, const ByteAdderTile& tile) : epilogue(a.epilogue) {
    for (int t = 0; t < T; ++t) {
      const std::int64_t channel = tile.channel[t], plane = channel * a.out_h * a.out_w;
      y[t] = a.y + plane;
      residual[t] = epilogue.residual ? epilogue.residual + plane : nullptr;
      slope[t] = epilogue.activation.slope ? epilogue.activation.slope + channel : nullptr;
      factor[t] = a.factor[channel];
      bias[t] = a.bias[channel];
    }
    simple = clamp_bounds(epilogue.activation, &lo, &hi) && !(epilogue.residual && epilogue.residual_last) &&
             epilogue.scale == 1 && epilogue.shift == 0;
  }

  V value(const W (&sum)[2], V more, int t) const {
    V x = floats_of(sum[0], sum[1]);
    if constexpr (Restored) x = add(x, more);
    return fma(x, set1(factor[t]), set1(bias[t]));
  }

  // The first `count` lanes go to one place; all of them where not Part.
  template <bool Residual, bool Part>
  __attribute__((always_inline)) inline void together(const W (&sum)[T][2], V more, std::int64_t pixel,
                                                      int count) const {
    const V low = set1(lo), high = set1(hi);
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      V x = value(sum[t], more, t);
      if constexpr (Residual) x = add(x, Part ? load_first(residual[t] + pixel, count) : load(residual[t] + pixel));
      x = clamp(x, low, high);
      if constexpr (Part)
        store_part(y[t] + pixel, x, count);
      else
        store(y[t] + pixel, x);
    }
  }

  void some(V x, int t, std::int64_t pixel, int count) const {
    if (simple) {
      if (residual[t]) x = add(x, load_first(residual[t] + pixel, count));
      store_part(y[t] + pixel, clamp(x, set1(lo), set1(hi)), count);
      return;
    }
    alignas(64) float values[kLanes];
    store(values, x);
    finish_values(
        values, 1, 1,
        {y[t] + pixel, residual[t] ? residual[t] + pixel : nullptr, 0, 0, nullptr, slope[t], count, true, false},
        epilogue);
  }

  // The two runs of pixels may lie apart and be short.
  __attribute__((noinline)) void parts(const W (&sum)[T][2], V more, const PixelRun& first,
                                       const PixelRun& second) const {
    const bool one_place = first.count == kPixels && second.pixel == first.pixel + kPixels;
    for (int t = 0; t < T; ++t) {
      const V x = value(sum[t], more, t);
      some(x, t, first.pixel, one_place ? kPixels + second.count : first.count);
      if (!one_place && second.count > 0) some(second_half(x), t, second.pixel, second.count);
    }
  }
};

template <int T, bool Restored>
void tile_of_pixels(const ByteAdderArgs& a, const ByteAdderTile& tile, std::int64_t begin, std::int64_t end) {
  PixelRuns runs(a, a.planes + tile.group * a.layout.group_bytes, 2 * begin);
  const ChannelStore<T, Restored> put(a, tile);
  [[maybe_unused]] const float* restored = Restored ? a.restored + tile.group * a.out_h * a.out_w : nullptr;
  for (std::int64_t pair = begin; pair < end; ++pair) {
    const PixelRun first = runs.next(), second = runs.next();
    W sum[T][2];
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
#pragma GCC unroll 2
      for (int j = 0; j < 2; ++j) sum[t][j] = no_bytes();
    }
    add_distances(sum, a, a.weights + tile.weights, first.window, second.window);
    V more = zero();
    if constexpr (Restored)
      more = halves(load_first(restored + first.pixel, first.count), load_first(restored + second.pixel, second.count));
    const int count = first.count + second.count;
    if (!put.simple || first.count < kPixels || second.pixel != first.pixel + kPixels) {
      W copy[T][2];  // the sums themselves stay in registers
#pragma GCC unroll 8
      for (int t = 0; t < T; ++t) {
#pragma GCC unroll 2
        for (int j = 0; j < 2; ++j) copy[t][j] = sum[t][j];
      }
      put.parts(copy, more, first, second);
    } else if (put.epilogue.residual) {
      count == kLanes ? put.template together<true, false>(sum, more, first.pixel, count)
                      : put.template together<true, true>(sum, more, first.pixel, count);
    } else {
      count == kLanes ? put.template together<false, false>(sum, more, first.pixel, count)
                      : put.template together<false, true>(sum, more, first.pixel, count);
    }
  }
}

void run(const ByteAdderArgs& a, std::int64_t begin, std::int64_t end) {
  const std::int64_t runs = a.out_h * ((a.out_w + kPixels - 1) / kPixels), pairs = (runs + 1) / 2;
  while (begin < end) {
    const ByteAdderTile& tile = a.tiles[begin / pairs];
    const std::int64_t from = begin % pairs, to = std::min(pairs, from + end - begin);
    with_rows<kByteAdderChannels>(tile.count, [&]<int T>() {
      a.restored ? tile_of_pixels<T, true>(a, tile, from, to) : tile_of_pixels<T, false>(a, tile, from, to);
    });
    begin += to - from;
  }
}

double bare_loop(std::int64_t steps) {
  W sum[8], x = no_bytes();
#pragma GCC unroll 8
  for (W& s : sum) s = no_bytes();
  for (std::int64_t i = 0; i < steps; ++i) {
#pragma GCC unroll 8
    for (W& s : sum) {
      asm volatile("" : "+v"(x));  // not the same for all sums
      add_to(s, distance(x, no_bytes()));
    }
  }
#pragma GCC unroll 8
  for (W& s : sum) asm volatile("" : : "v"(s));
  return static_cast<double>(steps) * 8 * sizeof(W);
}

}  // namespace

ByteAdderKernel byte_adder() { return {kPixels, planes, run, bare_loop}; }

}  // namespace frugal::FRUGAL_SIMD
