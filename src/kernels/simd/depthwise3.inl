// Depthwise convolution with 3x3 taps, not dilated: several rows of the output at once, column by column. A pixel is
// loaded once for all the sums that it is part of, and there is no end of a tile at which sums are waited for.
#pragma once

#include "kernels/simd/conv_common.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

constexpr int kSlideRows = 2;           // of the output
constexpr std::int64_t kWidest = 4096;  // pixels of a row of the input

// A row above or below the picture. Not constant, so that it takes no room in the program.
alignas(64) float no_row[kWidest * kLanes];

// NR rows of the output and the rows of the input that they need.
template <int S, int NR>
struct Slide {
  static constexpr int kInputs = (NR - 1) * S + 3;
  const float* in[kInputs];
  std::int64_t in_w, out_w, pad_left;
};

// What becomes of finished sums: clamped and stored at once ...
template <int NR>
struct DirectStore {
  float* out;
  std::int64_t row;
  V bias, lo, hi;

  DirectStore(const TileStore& to, std::int64_t out_row, float low, float high)
      : out(to.out),
        row(out_row),
        bias(to.bias ? load_first(to.bias, to.last_lanes) : zero()),
        lo(set1(low)),
        hi(set1(high)) {}
  V first() const { return bias; }
  __attribute__((always_inline)) void operator()(int r, std::int64_t x, V sum) {
    store(out + r * row + x * kLanes, clamp(sum, lo, hi));
  }
  void finish(std::int64_t) {}
};

// ... or gathered for finish_values.
template <int NR>
struct GatheringStore {
  static constexpr std::int64_t kColumns = 16;
  TileStore to;
  const Epilogue& epilogue;
  std::int64_t row, begin = 0;
  alignas(64) float sums[NR][kColumns * kLanes];

  GatheringStore(const TileStore& place, std::int64_t out_row, const Epilogue& e)
      : to(place), epilogue(e), row(out_row) {}
  V first() const { return zero(); }
  __attribute__((always_inline)) void operator()(int r, std::int64_t x, V sum) {
    if (r == 0 && x - begin == kColumns) finish(x);
    store(sums[r] + (x - begin) * kLanes, sum);
  }
  // Columns up to x.
  void finish(std::int64_t x) {
    for (int r = 0; r < NR; ++r) {
      TileStore there = to;
      there.out += r * row + begin * kLanes;
      if (to.residual) there.residual += r * row + begin * kLanes;
      finish_values(sums[r], static_cast<int>(x - begin), 1, there, epilogue);
    }
    begin = x;
  }
};

// Which taps of a row a column of the input meets: with stride 2 the even (0 and 2) and the odd (1) by turns.
enum class Taps { all, even, odd };

// Adds a column of the input to sums of NR rows each; it is tap 0 of k0, 1 of k1, 2 of k2.
template <Taps taps, bool kInside, int S, int NR>
__attribute__((always_inline)) inline void add_column(const Slide<S, NR>& s, const V (&tap)[9], std::int64_t column,
                                                      V (&k0)[NR], V (&k1)[NR], V (&k2)[NR]) {
  const bool inside = kInside || (column >= 0 && column < s.in_w);
#pragma GCC unroll 8
  for (int i = 0; i < Slide<S, NR>::kInputs; ++i) {
    const V pixel = load(inside ? s.in[i] + column * kLanes : no_row);
#pragma GCC unroll 4
    for (int r = 0; r < NR; ++r) {
      const int ky = i - r * S;
      if (ky < 0 || ky > 2) continue;
      if (taps != Taps::odd) k2[r] = fma(tap[ky * 3 + 2], pixel, k2[r]);
      if (taps != Taps::even) k1[r] = fma(tap[ky * 3 + 1], pixel, k1[r]);
      if (taps != Taps::odd) k0[r] = fma(tap[ky * 3], pixel, k0[r]);
    }
  }
}

template <int NR, typename Store>
__attribute__((always_inline)) inline void start(const Store& to, V (&sums)[NR]) {
#pragma GCC unroll 4
  for (int r = 0; r < NR; ++r) sums[r] = to.first();
}

template <int NR, typename Store>
__attribute__((always_inline)) inline void store_column(Store& to, std::int64_t x, V (&sums)[NR]) {
#pragma GCC unroll 4
  for (int r = 0; r < NR; ++r) to(r, x, sums[r]);
  start<NR>(to, sums);
}

// Stride 1: column v of the padded input is tap 2, 1, 0 of outputs v - 2, v - 1, v; output x sums in acc[x % 3].
template <int NR, typename Store>
void slide(const Slide<1, NR>& s, const V (&tap)[9], Store& to) {
  V a[NR], b[NR], c[NR];
  start<NR>(to, a);
  start<NR>(to, b);
  start<NR>(to, c);
  const std::int64_t pad = s.pad_left, end = s.out_w + 2, inside = end < s.in_w + pad ? end : s.in_w + pad;
  add_column<Taps::all, false>(s, tap, 0 - pad, a, c, b);
  start<NR>(to, b);
  add_column<Taps::all, false>(s, tap, 1 - pad, b, a, c);
  start<NR>(to, c);
  std::int64_t v = 2;
  for (; v + 2 < inside; v += 3) {
    add_column<Taps::all, true>(s, tap, v - pad, c, b, a);
    store_column<NR>(to, v - 2, a);
    add_column<Taps::all, true>(s, tap, v + 1 - pad, a, c, b);
    store_column<NR>(to, v - 1, b);
    add_column<Taps::all, true>(s, tap, v + 2 - pad, b, a, c);
    store_column<NR>(to, v, c);
  }
  for (; v < end; ++v) {
    add_column<Taps::all, false>(s, tap, v - pad, c, b, a);
    store_column<NR>(to, v - 2, a);
#pragma GCC unroll 4
    for (int r = 0; r < NR; ++r) {
      const V done = a[r];
      a[r] = b[r], b[r] = c[r], c[r] = done;
    }
  }
  to.finish(s.out_w);
}

// Stride 2: column 2x is tap 0 of output x and tap 2 of the one before, column 2x + 1 is tap 1 of output x.
template <int NR, typename Store>
void slide(const Slide<2, NR>& s, const V (&tap)[9], Store& to) {
  V a[NR], b[NR];
  start<NR>(to, a);
  start<NR>(to, b);
  const std::int64_t pad = s.pad_left;
  add_column<Taps::even, false>(s, tap, 0 - pad, a, a, b);
  add_column<Taps::odd, false>(s, tap, 1 - pad, a, a, a);
  start<NR>(to, b);
  std::int64_t x = 1;
  for (; x + 1 < s.out_w && 2 * x + 3 - pad < s.in_w; x += 2) {
    add_column<Taps::even, true>(s, tap, 2 * x - pad, b, b, a);
    store_column<NR>(to, x - 1, a);
    add_column<Taps::odd, true>(s, tap, 2 * x + 1 - pad, b, b, b);
    add_column<Taps::even, true>(s, tap, 2 * x + 2 - pad, a, a, b);
    store_column<NR>(to, x, b);
    add_column<Taps::odd, true>(s, tap, 2 * x + 3 - pad, a, a, a);
  }
  for (; x <= s.out_w; ++x) {
    add_column<Taps::even, false>(s, tap, 2 * x - pad, b, b, a);
    store_column<NR>(to, x - 1, a);
    add_column<Taps::odd, false>(s, tap, 2 * x + 1 - pad, b, b, b);
#pragma GCC unroll 4
    for (int r = 0; r < NR; ++r) a[r] = b[r], b[r] = to.first();
  }
  to.finish(s.out_w);
}

template <int S, int NR>
void slide_rows(const Conv2dArgs& args, const float* in, const float* weights, const TileStore& to, std::int64_t y) {
  const Conv2dShape& shape = args.shape;
  Slide<S, NR> s{{}, shape.in_w, shape.out_w, shape.pad_left};
  for (int i = 0; i < Slide<S, NR>::kInputs; ++i) {
    const std::int64_t row = y * S - shape.pad_top + i;
    s.in[i] = row < 0 || row >= shape.in_h ? no_row : in + row * shape.in_w * kLanes;
  }
  V tap[9];
#pragma GCC unroll 9
  for (int t = 0; t < 9; ++t) tap[t] = load(weights + t * kLanes);
  const Epilogue& e = args.epilogue;
  float lo, hi;
  if (clamp_bounds(e.activation, &lo, &hi) && !to.residual && e.scale == 1 && e.shift == 0) {
    DirectStore<NR> direct(to, shape.out_w * kLanes, lo, hi);
    slide(s, tap, direct);
  } else {
    GatheringStore<NR> gathering(to, shape.out_w * kLanes, e);
    slide(s, tap, gathering);
  }
}

// Whether depthwise3 computes this.
inline bool slides(const Conv2dShape& s) {
  return s.kernel_h == 3 && s.kernel_w == 3 && s.dilation_h == 1 && s.dilation_w == 1 && s.pad_left <= 1 &&
         s.in_w <= kWidest && s.stride_h == s.stride_w && s.stride_w <= 2;
}

// Rows [y, y_end) of a block.
template <int S>
void depthwise3(const Conv2dArgs& args, const float* in, const float* weights, TileStore to, std::int64_t y,
                std::int64_t y_end) {
  while (y < y_end) {
    const int rows = static_cast<int>(y_end - y < kSlideRows ? y_end - y : kSlideRows);
    with_rows<kSlideRows>(rows, [&]<int NR>() { slide_rows<S, NR>(args, in, weights, to, y); });
    y += rows;
    to.out += rows * args.shape.out_w * kLanes;
    if (to.residual) to.residual += rows * args.shape.out_w * kLanes;
  }
}

}  // namespace
}  // namespace frugal::FRUGAL_SIMD
