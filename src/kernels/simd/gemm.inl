// C = A B with B packed in panels of 2 vectors and A read where it lies.
#pragma once

#include "kernels/simd/tables.h"
#include "kernels/simd/tile.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

constexpr int kPanel = 2 * kLanes;
// Rows of A that stay in cache while the panels are walked: B is read once for all of them.
constexpr std::int64_t kFloatsAtOnce = 1 << 17, kCopiedAtOnce = 8 * kTileRows;
// Steps of k without a jump. With 16 registers GCC reorders unrolled steps until sums are spilled.
constexpr int kUnroll = kTileRows > 8 ? 4 : 1;

// to[i * to_step + p] = from[p * from_step + i] for p < rows, i < columns.
void transpose(std::int64_t rows, std::int64_t columns, const float* from, std::int64_t from_step, float* to,
               std::int64_t to_step) {
  std::int64_t p = 0;
  for (; p + 4 <= rows; p += 4) {
    const float* f = from + p * from_step;
    float* t = to + p;
    std::int64_t i = 0;
    for (; i + 4 <= columns; i += 4, t += 4 * to_step) {
      __m128 a = _mm_loadu_ps(f + i), b = _mm_loadu_ps(f + from_step + i), c = _mm_loadu_ps(f + 2 * from_step + i),
             d = _mm_loadu_ps(f + 3 * from_step + i);
      _MM_TRANSPOSE4_PS(a, b, c, d);
      _mm_storeu_ps(t, a);
      _mm_storeu_ps(t + to_step, b);
      _mm_storeu_ps(t + 2 * to_step, c);
      _mm_storeu_ps(t + 3 * to_step, d);
    }
    for (; i < columns; ++i, t += to_step)
      for (int j = 0; j < 4; ++j) t[j] = f[j * from_step + i];
  }
  for (; p < rows; ++p)
    for (std::int64_t i = 0; i < columns; ++i) to[i * to_step + p] = from[p * from_step + i];
}

void pack_b(std::int64_t n, std::int64_t k, const float* b, std::int64_t ldb, bool transposed, float* packed,
            std::int64_t begin, std::int64_t end) {
  for (std::int64_t panel = begin; panel < end; ++panel) {
    float* to = packed + panel * k * kPanel;
    std::int64_t first = panel * kPanel, columns = n - first < kPanel ? n - first : kPanel;
    if (columns < kPanel) std::memset(to, 0, sizeof(float) * static_cast<std::size_t>(k * kPanel));
    if (transposed) {
      transpose(columns, k, b + first * ldb, ldb, to, kPanel);
    } else {
      for (std::int64_t i = 0; i < k; ++i)
        std::memcpy(to + i * kPanel, b + i * ldb + first, sizeof(float) * static_cast<std::size_t>(columns));
    }
  }
}

// acc += column i of the rows of A times row i of the panel.
template <int R, int NB>
__attribute__((always_inline)) inline void rank_1(V (&acc)[R][NB], const float* const (&rows)[R], std::int64_t i,
                                                  const float* b) {
  V bv[NB];
#pragma GCC unroll 4
  for (int j = 0; j < NB; ++j) bv[j] = load(b + j * kLanes);
#pragma GCC unroll 16
  for (int p = 0; p < R; ++p) {
    V x = broadcast(rows[p] + i);
#pragma GCC unroll 4
    for (int j = 0; j < NB; ++j) acc[p][j] = fma(x, bv[j], acc[p][j]);
  }
}

template <int R, int NB>
void gemm_tile(const float* a, std::int64_t lda, const float* b, std::int64_t k, const TileStore& to,
               const Epilogue& e) {
  V acc[R][NB];
  clear(acc);
  const float* rows[R];
#pragma GCC unroll 16
  for (int p = 0; p < R; ++p) rows[p] = a + p * lda;
  std::int64_t i = 0;
  for (; i + kUnroll <= k; i += kUnroll, b += kUnroll * kPanel) {
#pragma GCC unroll 4
    for (int j = 0; j < kUnroll; ++j) rank_1(acc, rows, i + j, b + j * kPanel);
  }
  for (; i < k; ++i, b += kPanel) rank_1(acc, rows, i, b);
  finish_tile(acc, to, e);
}

// Would the rows of a tile push each other out of the first-level cache? Addresses that are 4096 bytes apart share
// the 8 lines of a set there.
bool rows_collide(std::int64_t lda) {
  std::int64_t sets = 1024;  // floats between equal sets
  while (lda % sets != 0) sets /= 2;
  return kTileRows * sets > 4 * 1024;
}

// Where they would, they are copied to an odd number of cache lines apart.
std::int64_t copied_step(std::int64_t k) { return ((k + 15) / 16 | 1) * 16; }

std::int64_t gemm_scratch_floats(std::int64_t k) { return copied_step(k) * kCopiedAtOnce; }

// Asks for the part [from, to) of `whole` of a panel. Measured: worth 3% where a tile asks for few lines (AVX2: 6 rows,
// 1 KB for each 200 steps of k), a loss of 1% with the twice as large bursts of taller tiles.
void prefetch(const float* panel, std::int64_t k, std::int64_t from, std::int64_t to, std::int64_t whole) {
  const float *at = panel + k * from / whole * kPanel, *end = panel + k * to / whole * kPanel;
  for (; at < end; at += 16) _mm_prefetch(reinterpret_cast<const char*>(at), _MM_HINT_T1);
}

// The tile at row `row` and column `column` of C; `a` and `lda`: of its rows.
void tile_at(const GemmArgs& g, int rows, const float* a, std::int64_t lda, std::int64_t row, std::int64_t panel) {
  const std::int64_t column = panel * kPanel, columns = g.n - column < kPanel ? g.n - column : kPanel;
  const std::int64_t at = row * g.ldc + column, channel = g.channels_are_rows ? row : column;
  const Epilogue& e = g.epilogue;
  const TileStore to{g.c + at,
                     e.residual ? e.residual + at : nullptr,
                     g.ldc,
                     kLanes,
                     e.bias ? e.bias + channel : nullptr,
                     e.activation.slope ? e.activation.slope + channel : nullptr,
                     static_cast<int>(columns > kLanes ? columns - kLanes : columns),
                     g.channels_are_rows,
                     false};
  const float* b = g.b + panel * g.k * kPanel;
  with_rows<kTileRows>(rows, [&]<int R>() {
    if (columns > kLanes)
      gemm_tile<R, 2>(a, lda, b, g.k, to, e);
    else
      gemm_tile<R, 1>(a, lda, b, g.k, to, e);
  });
}

void gemm(const GemmArgs& g, std::int64_t row_begin, std::int64_t row_end, std::int64_t panel_begin,
          std::int64_t panel_end, float* scratch) {
  const bool copy = rows_collide(g.lda);
  const std::int64_t lda = copy ? copied_step(g.k) : g.lda;
  const std::int64_t fit = kFloatsAtOnce / (g.k > 0 ? g.k : 1) / kTileRows * kTileRows;
  const std::int64_t at_once = copy || fit < kCopiedAtOnce ? kCopiedAtOnce : fit;
  for (std::int64_t begin = row_begin, end; begin < row_end; begin = end) {
    end = row_end - begin < at_once + kTileRows ? row_end : begin + at_once;
    if (copy && end - begin > kCopiedAtOnce) end = begin + kCopiedAtOnce;
    const bool ahead = kTileRows <= 8 && end - begin > 4 * kTileRows;
    const float* a = g.a + begin * g.lda;
    if (copy) {
      for (std::int64_t i = 0; i < end - begin; ++i)
        std::memcpy(scratch + i * lda, a + i * g.lda, sizeof(float) * static_cast<std::size_t>(g.k));
      a = scratch;
    }
    for (std::int64_t panel = panel_begin; panel < panel_end; ++panel)
      for (std::int64_t row = begin; row < end;) {
        const int rows = next_tile(end - row);
        if (ahead && panel + 1 < panel_end)
          prefetch(g.b + (panel + 1) * g.k * kPanel, g.k, row - begin, row - begin + rows, end - begin);
        tile_at(g, rows, a + (row - begin) * lda, lda, row, panel);
        row += rows;
      }
  }
}

}  // namespace

void fill_gemm(KernelTable& table) {
  table.gemm_rows = kTileRows;
  table.gemm_panel = kPanel;
  table.gemm_pack_b = pack_b;
  table.gemm = gemm;
  table.gemm_scratch_floats = gemm_scratch_floats;
}

}  // namespace frugal::FRUGAL_SIMD
