// The adder convolution of bytes (kernels/byte_adder_types.h): a tile is up to 6 kernels x 2 runs of neighbouring
// pixels. A lane of 64 bits adds up one pixel's distances to one kernel, so nothing is summed across lanes, and a
// tile's channels may go anywhere in the output.
#pragma once

#include <algorithm>

#include "kernels/byte_adder_types.h"
#include "kernels/simd/adder_planes.inl"
#include "kernels/simd/tables.h"
#include "kernels/simd/tile.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

struct PixelRun {
  const std::uint8_t* window;  // its first byte of the first pixel
  std::int64_t pixel;
  int count;
};

// How the rows of an output are cut: into runs, the last of which may be short; or into full runs and what is left, if
// that is half a run, so that two rows share one.
struct Cut {
  std::int64_t width, runs;   // of a row in runs
  std::int64_t pairs, split;  // of all its runs; of runs that two rows share

  Cut(std::int64_t out_h, std::int64_t out_w) {
    const std::int64_t rest = out_w % kPixels;
    const bool shares = rest > 0 && rest <= kPixels / 2 && out_h > 1;
    width = shares ? out_w - rest : out_w;
    runs = (width + kPixels - 1) / kPixels;
    pairs = (out_h * runs + 1) / 2;
    split = shares ? (out_h + 3) / 4 : 0;
  }
};

// Goes through the runs of an image, row by row; behind the last one there are runs of no pixels.
class PixelRuns {
 public:
  PixelRuns(const ByteAdderArgs& a, const std::uint8_t* plane, const Cut& cut, std::int64_t first)
      : plane_(plane), row_bytes_(a.row_step * a.layout.row_bytes), width_(cut.width), gap_(a.out_w - cut.width) {
    const std::int64_t row = first / cut.runs, x = first % cut.runs * kPixels;
    row_ = plane + row * row_bytes_;
    window_ = row_ + x * 8;
    pixel_ = row * a.out_w + x;
    left_ = width_ - x;
    rows_ = a.out_h - row;
  }

  PixelRun next() {
    if (rows_ <= 0) return {plane_, 0, 0};
    const PixelRun run{window_, pixel_, static_cast<int>(left_ < kPixels ? left_ : kPixels)};
    pixel_ += run.count;
    left_ -= run.count;
    window_ += kPixels * 8;
    if (left_ == 0) {
      left_ = width_, pixel_ += gap_, --rows_;
      window_ = row_ += row_bytes_;
    }
    return run;
  }

 private:
  const std::uint8_t *plane_, *row_, *window_;
  std::int64_t row_bytes_, width_, gap_, pixel_, left_, rows_;  // left_: pixels of the row
};

// Where the bytes of a run lie: together, or one half each of two rows.
struct Whole {
  const std::uint8_t* window;
  W load(std::int64_t offset) const { return load_raw(window + offset); }
};
struct Halves {
  const std::uint8_t *first, *second;
  W load(std::int64_t offset) const { return load_halves_of_bytes(first + offset, second + offset); }
};

// The weights of the next tile, which nobody has asked for yet: brought nearer while this one is summed.
struct NextWeights {
  const std::uint8_t *place, *end;

  NextWeights(const ByteAdderArgs& a, const ByteAdderTile& tile) {
    constexpr std::int64_t kInCache = 128 << 10;
    const std::int64_t bytes = a.chunks * tile.count * 8, next = tile.weights + bytes,
                       stop = a.weight_bytes < kInCache ? next : std::min(a.weight_bytes, next + bytes);
    place = a.weights + next;
    end = a.weights + stop;
  }
  __attribute__((always_inline)) inline void fetch() {
    if (place < end) _mm_prefetch(reinterpret_cast<const char*>(place), _MM_HINT_T0);
    place += 64;
  }
};

// J: runs of pixels.
template <bool First, int T, int J, typename Window>
__attribute__((always_inline)) inline void add_distance(W (&sum)[T][J], std::int64_t offset,
                                                        const std::uint8_t* weights, const Window (&window)[J]) {
  W x[J];
#pragma GCC unroll 2
  for (int j = 0; j < J; ++j) x[j] = window[j].load(offset);
#pragma GCC unroll 8
  for (int t = 0; t < T; ++t) {
    const W w = broadcast_bytes(weights + 8 * t);
#pragma GCC unroll 2
    for (int j = 0; j < J; ++j) {
      if constexpr (First)
        sum[t][j] = distance(x[j], w);
      else
        add_to(sum[t][j], distance(x[j], w));
    }
  }
}

constexpr int kStep = 9;

template <bool First, int T, int J, typename Window>
__attribute__((always_inline)) inline void add_step(W (&sum)[T][J], const std::int64_t* offset,
                                                    const std::uint8_t* weights, const Window (&window)[J]) {
  add_distance<First>(sum, offset[0], weights, window);
#pragma GCC unroll 8
  for (int i = 1; i < kStep; ++i) add_distance<false>(sum, offset[i], weights + i * 8 * T, window);
}

// Unrolled, a sum of few chunks ends where the processor expects it: 3 x 3 taps of any number of blocks are whole
// steps.
template <int T, int J, typename Window>
__attribute__((always_inline)) inline void add_distances(W (&sum)[T][J], const ByteAdderArgs& a,
                                                         const std::uint8_t* weights, const Window (&window)[J],
                                                         NextWeights& next) {
  const std::int64_t *offset = a.offsets, *const end = offset + a.chunks;
  W s[T][J];  // not the caller's, which the compiler may hold in memory
  if (a.chunks >= kStep) {
    add_step<true>(s, offset, weights, window);
    offset += kStep, weights += kStep * 8 * T;
  } else {
    add_distance<true>(s, *offset, weights, window);
    ++offset, weights += 8 * T;
  }
  for (; end - offset >= kStep; offset += kStep, weights += kStep * 8 * T) {
    next.fetch();
    add_step<false>(s, offset, weights, window);
  }
  for (; offset != end; ++offset, weights += 8 * T) add_distance<false>(s, *offset, weights, window);
#pragma GCC unroll 8
  for (int t = 0; t < T; ++t) {
#pragma GCC unroll 2
    for (int j = 0; j < J; ++j) sum[t][j] = s[t][j];
  }
}

// What AdderPlanesArgs says of floats, for one grid: cut at the limit after the product, which is the same, as products
// of ordered numbers are in order. All in registers: a store of bytes may change any memory.
struct Steps {
  V inverse, lowest, highest;
  int zero;

  Steps(const ByteAdderRounded& r, std::int64_t g) : inverse(set1(0)), lowest(set1(0)), highest(set1(0)), zero(0) {
    if (!r.numbers) return;
    const float factor = r.grids.inverse[g], cut = r.grids.limit > 0 ? r.grids.limit * factor : __builtin_inff(),
                least = static_cast<float>(-r.grids.zero), most = static_cast<float>(r.grids.qmax - r.grids.zero);
    zero = r.grids.zero;
    inverse = set1(factor);
    lowest = set1(-cut > least ? -cut : least);
    highest = set1(cut < most ? cut : most);
  }
  V operator()(V x) const {
    if (zero > 0) x = select(equal(x, x), x, set1(0));
    return min(max(mul(x, inverse), lowest), highest);
  }
};

// The store of a tile, one channel after the other: what can be done in registers, or the general way.
template <int T>
struct ChannelStore {
  const ByteAdderArgs& args;
  float* y[T];
  const float *residual[T], *slope[T];
  std::uint8_t* numbers[T];
  float factor[T], bias[T];
  float lo, hi;
  Steps steps;                  // of the first grid
  bool clamps, simple, rounds;  // the activation is a clamp and nothing follows; `together` does all

  ChannelStore(const ByteAdderArgs& a, const ByteAdderTile& tile)
      : args(a), steps(a.rounded, 0), rounds(a.rounded.numbers) {
    const Epilogue& e = a.epilogue;
    for (int t = 0; t < T; ++t) {
      const std::int64_t channel = tile.channel[t], plane = channel * a.out_h * a.out_w;
      y[t] = a.y ? a.y + plane : nullptr;
      residual[t] = e.residual ? e.residual + plane : nullptr;
      slope[t] = e.activation.slope ? e.activation.slope + channel : nullptr;
      numbers[t] = a.rounded.numbers ? a.rounded.numbers + plane : nullptr;
      factor[t] = a.factor[channel];
      bias[t] = a.bias[channel];
    }
    simple = clamp_bounds(e.activation, &lo, &hi) && !(e.residual && e.residual_last) && e.scale == 1 && e.shift == 0;
    clamps = simple;
    simple = simple && !(rounds && (a.rounded.count > 1 || a.rounded.grids.zero > 0));
  }

  V value(const W (&sum)[2], V more, int t) const {
    return fma(add(floats_of(sum[0], sum[1]), more), set1(factor[t]), set1(bias[t]));
  }

  // The first `count` lanes go to one place; all of them where not Part. What is asked at each channel is foretold.
  template <bool Part>
  __attribute__((always_inline)) inline void together(const W (&sum)[T][2], V more, std::int64_t pixel,
                                                      int count) const {
    const V low = set1(lo), high = set1(hi), inverse = steps.inverse, highest = steps.highest;
    const bool floats = args.y, adds = args.epilogue.residual, to_numbers = rounds;
    const bool positive = to_numbers && lo == 0 && hi == __builtin_inff();  // rounding does that too
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      V x = value(sum[t], more, t);
      if (adds) x = add(x, Part ? load_first(residual[t] + pixel, count) : load(residual[t] + pixel));
      if (floats || !positive) x = clamp(x, low, high);
      if (floats) Part ? store_part(y[t] + pixel, x, count) : store(y[t] + pixel, x);
      if (to_numbers)
        store_numbers(numbers[t] + pixel, min(max(mul(x, inverse), set1(0)), highest), 0, Part ? count : kLanes);
    }
  }
  __attribute__((always_inline)) inline void together(const W (&sum)[T][2], V more, std::int64_t pixel,
                                                      int count) const {
    count == kLanes ? together<false>(sum, more, pixel, count) : together<true>(sum, more, pixel, count);
  }

  // Lanes that go to N places, as many to each; of each place the first ones that its count says.
  template <int N>
  __attribute__((noinline)) void apart(const W (&sum)[T][2], V more, const PixelRun (&place)[N]) const {
    const V low = set1(lo), high = set1(hi);
    alignas(64) float lanes[kLanes] = {}, finished[kLanes];
    alignas(64) std::uint8_t bytes[kLanes];
    for (int t = 0; t < T; ++t) {
      V x = value(sum[t], more, t);
      for (int i = 0; residual[t] && i < N; ++i)
        copy<N>(lanes + i * kLanes / N, residual[t] + place[i].pixel, place[i]);
      if (clamps) {
        if (residual[t]) x = add(x, load(lanes));
        store(finished, clamp(x, low, high));
      } else {
        alignas(64) float values[kLanes];
        store(values, x);
        finish_values(values, 1, 1,
                      {finished, residual[t] ? lanes : nullptr, 0, 0, nullptr, slope[t], kLanes, true, false},
                      args.epilogue);
      }
      for (int i = 0; y[0] && i < N; ++i) copy<N>(y[t] + place[i].pixel, finished + i * kLanes / N, place[i]);
      const std::int64_t grid = args.out_c * args.out_h * args.out_w;
      for (std::int64_t g = 0; numbers[0] && g < args.rounded.count; ++g) {
        const Steps of_grid(args.rounded, g);
        store_numbers(bytes, of_grid(load(finished)), of_grid.zero, kLanes);
        for (int i = 0; i < N; ++i) copy<N>(numbers[t] + g * grid + place[i].pixel, bytes + i * kLanes / N, place[i]);
      }
    }
  }
  template <int N, typename E>
  static void copy(E* to, const E* from, const PixelRun& place) {
    if (place.count == kLanes / N)
      std::memcpy(to, from, kLanes / N * sizeof(E));
    else
      for (int i = 0; i < place.count; ++i) to[i] = from[i];
  }
};

// J: 1 where there is no second run.
template <int J, int T>
__attribute__((always_inline)) inline void pair_of_runs(const ByteAdderArgs& a, const ByteAdderTile& tile,
                                                        const ChannelStore<T>& put, const PixelRun& first,
                                                        const PixelRun& second, NextWeights& next) {
  Whole window[J];
  window[0] = {first.window};
  if constexpr (J == 2) window[1] = {second.window};
  W sum[T][J];
  add_distances(sum, a, a.weights + tile.weights, window, next);
  V more = zero();
  if (a.restored) {
    const float* restored = a.restored + tile.group * a.out_h * a.out_w;
    more = halves(load_first(restored + first.pixel, first.count), load_first(restored + second.pixel, second.count));
  }
  const int count = first.count + second.count;
  if (J == 1 || !put.simple || first.count < kPixels || second.pixel != first.pixel + kPixels) {
    W copy[T][2];  // the sums themselves stay in registers
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) copy[t][0] = sum[t][0], copy[t][1] = sum[t][J - 1];
    put.apart(copy, more, {first, second});
  } else if constexpr (J == 2) {
    put.together(sum, more, first.pixel, count);
  }
}

// A function of its own: within another one the compiler writes the sums to memory at each step.
template <int T>
__attribute__((noinline)) void tile_of_pixels(const ByteAdderArgs& a, const ByteAdderTile& tile, const Cut& cut,
                                              std::int64_t begin, std::int64_t end) {
  PixelRuns runs(a, a.planes + tile.group * a.layout.group_bytes, cut, 2 * begin);
  const ChannelStore<T> put(a, tile);
  NextWeights next(a, tile);
  for (std::int64_t pair = begin; pair < end; ++pair) {
    const PixelRun first = runs.next(), second = runs.next();
    second.count > 0 ? pair_of_runs<2>(a, tile, put, first, second, next)
                     : pair_of_runs<1>(a, tile, put, first, second, next);
  }
}

// What full runs leave of four rows at a time.
template <int T>
__attribute__((noinline)) void tile_of_rests(const ByteAdderArgs& a, const ByteAdderTile& tile, const Cut& cut,
                                             std::int64_t begin, std::int64_t end) {
  constexpr int kHalf = kPixels / 2;
  const std::uint8_t* plane = a.planes + tile.group * a.layout.group_bytes;
  const ChannelStore<T> put(a, tile);
  NextWeights next(a, tile);
  for (std::int64_t four = begin; four < end; ++four) {
    const std::uint8_t* window[4];
    PixelRun rest[4];
    alignas(64) float restored[kLanes] = {};
    for (std::int64_t i = 0; i < 4; ++i) {
      const std::int64_t row = 4 * four + i, pixel = row * a.out_w + cut.width;
      const bool there = row < a.out_h;
      window[i] = there ? plane + row * a.row_step * a.layout.row_bytes + cut.width * 8 : plane;
      rest[i] = {window[i], pixel, there ? static_cast<int>(a.out_w - cut.width) : 0};
      for (int p = 0; a.restored && p < rest[i].count; ++p)
        restored[i * kHalf + p] = a.restored[tile.group * a.out_h * a.out_w + pixel + p];
    }
    const Halves both[2] = {{window[0], window[1]}, {window[2], window[3]}};
    W sum[T][2];
    add_distances(sum, a, a.weights + tile.weights, both, next);
    W copy[T][2];  // the sums themselves stay in registers
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) copy[t][0] = sum[t][0], copy[t][1] = sum[t][1];
    put.apart(copy, load(restored), rest);
  }
}

std::int64_t pairs_of(std::int64_t out_h, std::int64_t out_w) {
  const Cut cut(out_h, out_w);
  return cut.pairs + cut.split;
}

template <int T>
void tile_part(const ByteAdderArgs& a, const ByteAdderTile& tile, const Cut& cut, std::int64_t begin,
               std::int64_t end) {
  if (begin < cut.pairs) tile_of_pixels<T>(a, tile, cut, begin, std::min(end, cut.pairs));
  if (end > cut.pairs) tile_of_rests<T>(a, tile, cut, std::max(begin, cut.pairs) - cut.pairs, end - cut.pairs);
}

void run(const ByteAdderArgs& a, std::int64_t begin, std::int64_t end) {
  const Cut cut(a.out_h, a.out_w);
  const std::int64_t pairs = cut.pairs + cut.split;
  while (begin < end) {
    const ByteAdderTile& tile = a.tiles[begin / pairs];
    const std::int64_t from = begin % pairs, to = std::min(pairs, from + end - begin);
    with_rows<kByteAdderChannels>(tile.count, [&]<int T>() { tile_part<T>(a, tile, cut, from, to); });
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

void fill_byte_adder(KernelTable& table) { table.byte_adder = {pairs_of, planes, run, bare_loop}; }

}  // namespace frugal::FRUGAL_SIMD
