// Winograd convolution on blocked maps; the mathematics stands in kernels/winograd.h. For a group of tiles and a
// chunk of output channels: one small GEMM a point, then the output transform while the products are in cache.
#pragma once

#include "kernels/simd/conv_common.inl"
#include "kernels/simd/winograd_filters.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

constexpr int kGroup = 2 * kTileRows;  // tiles that share one pass over the weights

struct Tiling {
  std::int64_t rows, columns, tiles;
};

inline Tiling tiling_of(const Conv2dShape& s, int m) {
  std::int64_t rows = (s.out_h + m - 1) / m, columns = (s.out_w + m - 1) / m;
  return {rows, columns, rows * columns};
}

constexpr float kRoot2 = 1.41421356237309504880f;

// B^T d
inline void to_points(const V (&d)[4], V (&o)[4]) {
  o[0] = sub(d[0], d[2]);
  o[1] = add(d[1], d[2]);
  o[2] = sub(d[2], d[1]);
  o[3] = sub(d[3], d[1]);
}

inline void to_points(const V (&d)[6], V (&o)[6]) {
  const V root2 = set1(kRoot2), half_root2 = set1(kRoot2 / 2), five_halves = set1(2.5f);
  V even = fnma(set1(2.0f), d[2], d[4]), odd = fma(half_root2, d[3], negate(mul(root2, d[1])));
  V even2 = fnma(set1(0.5f), d[2], d[4]), odd2 = fma(root2, d[3], negate(mul(half_root2, d[1])));
  o[0] = add(fnma(five_halves, d[2], d[0]), d[4]);
  o[1] = add(even, odd);
  o[2] = sub(even, odd);
  o[3] = add(even2, odd2);
  o[4] = sub(even2, odd2);
  o[5] = add(fnma(five_halves, d[3], d[1]), d[5]);
}

// A^T p
inline void from_points(const V (&p)[4], V (&o)[2]) {
  o[0] = add(add(p[0], p[1]), p[2]);
  o[1] = add(sub(p[1], p[2]), p[3]);
}

inline void from_points(const V (&p)[6], V (&o)[4]) {
  V s1 = add(p[1], p[2]), d1 = sub(p[1], p[2]), s2 = add(p[3], p[4]), d2 = sub(p[3], p[4]);
  o[0] = add(add(p[0], s1), s2);
  o[1] = fma(set1(kRoot2 / 2), d1, mul(set1(kRoot2), d2));
  o[2] = fma(set1(0.5f), s1, mul(set1(2.0f), s2));
  o[3] = add(fma(set1(kRoot2 / 4), d1, mul(set1(kRoot2 * 2), d2)), p[5]);
}

template <int M>
void transform_tile(const Conv2dShape& s, const float* plane, std::int64_t y, std::int64_t x, float* to,
                    std::int64_t point_step) {
  constexpr int T = M + 2;
  V rows[T][T];  // B^T d, column by column
  const bool inside = y >= 0 && x >= 0 && y + T <= s.in_h && x + T <= s.in_w;
  for (int j = 0; j < T; ++j) {
    V d[T], o[T];
#pragma GCC unroll 6
    for (int i = 0; i < T; ++i) {
      bool exists = inside || (y + i >= 0 && y + i < s.in_h && x + j >= 0 && x + j < s.in_w);
      d[i] = exists ? load(plane + ((y + i) * s.in_w + x + j) * kLanes) : zero();
    }
    to_points(d, o);
#pragma GCC unroll 6
    for (int i = 0; i < T; ++i) rows[i][j] = o[i];
  }
  for (int i = 0; i < T; ++i) {
    V o[T];
    to_points(rows[i], o);
#pragma GCC unroll 6
    for (int j = 0; j < T; ++j) store(to + (i * T + j) * point_step, o[j]);
  }
}

// Where a tile lies; tiles are counted over the whole batch.
struct TilePlace {
  std::int64_t image, y, x;
};

template <int M>
inline TilePlace place_of(const Conv2dShape& s, std::int64_t tile) {
  const Tiling t = tiling_of(s, M);
  return {tile / t.tiles, tile % t.tiles / t.columns * M, tile % t.columns * M};
}

template <int M>
void transform_input(const Conv2dArgs& args, const WinogradTiles& to, std::int64_t begin, std::int64_t end) {
  const Conv2dShape& s = args.shape;
  const std::int64_t blocks = blocks_of(s.in_c), point_step = blocks * to.count * kLanes;
  for (std::int64_t block = 0; block < blocks; ++block)
    for (std::int64_t tile = begin; tile < end; ++tile) {
      const TilePlace at = place_of<M>(s, tile);
      transform_tile<M>(s, args.in + (at.image * blocks + block) * s.in_h * s.in_w * kLanes, at.y - s.pad_top,
                        at.x - s.pad_left, to.data + (block * to.count + tile - to.first) * kLanes, point_step);
    }
}

// products[tile][block] (stride `step` floats a tile) = sum over input channels, at one point.
template <int R, int NB>
void point_tile(const Conv2dShape& s, std::int64_t tiles, const float* in, const float* w, float* products,
                Ahead& ahead) {
  V acc[R][NB];
  clear(acc);
  for (std::int64_t c = 0; c < s.in_c; c += kLanes, in += tiles * kLanes, w += kLanes * NB * kLanes) {
    ahead.fetch();
    accumulate(acc, in, kLanes, 1, w, NB * kLanes, s.in_c - c < kLanes ? s.in_c - c : kLanes);
  }
#pragma GCC unroll 16
  for (int p = 0; p < R; ++p) {
#pragma GCC unroll 4
    for (int b = 0; b < NB; ++b) store(products + (p * NB + b) * kLanes, acc[p][b]);
  }
}

// One tile of one block of output channels. `point_step`: distance of two points' products.
template <int M>
void transform_output(const Conv2dArgs& args, const float* products, std::int64_t point_step, std::int64_t image,
                      std::int64_t block, std::int64_t y, std::int64_t x) {
  constexpr int T = M + 2;
  const Conv2dShape& s = args.shape;
  V columns[M][T];  // A^T p
#pragma GCC unroll 6
  for (int j = 0; j < T; ++j) {
    V p[T], o[M];
#pragma GCC unroll 6
    for (int i = 0; i < T; ++i) p[i] = load(products + (i * T + j) * point_step);
    from_points(p, o);
#pragma GCC unroll 6
    for (int i = 0; i < M; ++i) columns[i][j] = o[i];
  }
  const int height = static_cast<int>(s.out_h - y < M ? s.out_h - y : M);
  const int width = static_cast<int>(s.out_w - x < M ? s.out_w - x : M);
  for (int i = 0; i < height; ++i) {
    V o[M];
    from_points(columns[i], o);
    const TileStore to = conv_store(args, image, block, 1, y + i, x);
    with_rows<M>(width, [&]<int R>() {
      V acc[R][1];
#pragma GCC unroll 4
      for (int p = 0; p < R; ++p) acc[p][0] = o[p];
      finish_tile(acc, to, args.epilogue);
    });
  }
}

template <int M, int NB>
void multiply_chunk(const Conv2dArgs& args, const WinogradTiles& from, std::int64_t chunk, std::int64_t first,
                    std::int64_t end, float* products) {
  constexpr int kPoints = (M + 2) * (M + 2);
  const Conv2dShape& s = args.shape;
  const std::int64_t blocks = blocks_of(s.in_c), point_step = blocks * from.count * kLanes;
  const std::int64_t weights_step = blocks * kLanes * NB * kLanes, products_step = (end - first) * NB * kLanes;
  const float* w = args.weights + chunk * 2 * kPoints * blocks * kLanes * kLanes;
  for (int point = 0; point < kPoints; ++point) {
    Ahead ahead(w + (point + 1) * weights_step, kLanes * NB * kLanes, (end - first + kTileRows - 1) / kTileRows);
    for (std::int64_t tile = first; tile < end;) {
      int rows = next_tile(end - tile);
      with_rows<kTileRows>(rows, [&]<int R>() {
        point_tile<R, NB>(s, from.count, from.data + point * point_step + (tile - from.first) * kLanes,
                          w + point * weights_step, products + point * products_step + (tile - first) * NB * kLanes,
                          ahead);
      });
      tile += rows;
    }
  }
  for (std::int64_t tile = first; tile < end; ++tile) {
    const TilePlace at = place_of<M>(s, tile);
    for (int b = 0; b < NB; ++b)
      transform_output<M>(args, products + ((tile - first) * NB + b) * kLanes, products_step, at.image, chunk * 2 + b,
                          at.y, at.x);
  }
}

template <int M>
void multiply(const Conv2dArgs& args, const WinogradTiles& from, Extent begin, Extent end, float* products) {
  for (std::int64_t chunk = begin.chunks; chunk < end.chunks; ++chunk) {
    if (chunk * 2 + 1 < blocks_of(args.shape.out_c))
      multiply_chunk<M, 2>(args, from, chunk, begin.strips, end.strips, products);
    else
      multiply_chunk<M, 1>(args, from, chunk, begin.strips, end.strips, products);
  }
}

Extent winograd_extent(const Conv2dShape& s, int m) { return {chunks_of(s.out_c), s.batch * tiling_of(s, m).tiles}; }

void winograd_input(const Conv2dArgs& args, int m, const WinogradTiles& to, std::int64_t begin, std::int64_t end) {
  m == 2 ? transform_input<2>(args, to, begin, end) : transform_input<4>(args, to, begin, end);
}

void winograd_multiply(const Conv2dArgs& args, int m, const WinogradTiles& from, Extent begin, Extent end,
                       float* products) {
  m == 2 ? multiply<2>(args, from, begin, end, products) : multiply<4>(args, from, begin, end, products);
}

std::int64_t winograd_products_floats(int m) {
  return static_cast<std::int64_t>(m + 2) * (m + 2) * kGroup * 2 * kLanes;
}

}  // namespace

void fill_winograd(KernelTable& table) {
  table.winograd_group = kGroup;
  table.winograd_extent = winograd_extent;
  table.winograd_input = winograd_input;
  table.winograd_multiply = winograd_multiply;
  table.winograd_products_floats = winograd_products_floats;
}

}  // namespace frugal::FRUGAL_SIMD
