// How linear layers walk over panels of 16 output channels and tiles of rows; block_quantized.inl and block_exact.inl
// have the tiles.
#pragma once

#include "kernels/simd/block_codes.inl"
#include "kernels/simd/epilogue.inl"
#include "kernels/simd/tile.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

constexpr int kBlockRows = 8;

// Sums of one tile: [row][16].
struct BlockTile {
  const std::uint8_t* panel;
  std::int64_t panel_bytes;  // to the next one
  std::int64_t k;
  const QuantizedUnit* units;  // [k / 32][rows]
  const float* x;
  std::int64_t x_step;
  float* sums;
};

// Asks for weights before they are needed. A core has few loads of its first cache open at a time, and they bound it to
// half of what memory gives; what is asked for into the second cache does not hold one of them for as long. Panels lie
// one behind the other, so scales and the next panels come in their turn.
struct Ahead {
  static constexpr std::int64_t kBytes = 8192;  // 4096: up to a fifth slower; 12288: the same
  const std::uint8_t* at;
  std::int64_t step;  // of a unit

  Ahead(const BlockTile& t, const std::uint8_t* codes)
      : at(codes + kBytes), step(t.panel_bytes / ((t.k + kBlockUnit - 1) / kBlockUnit)) {}
  void ask(std::int64_t bytes) {
    for (std::int64_t i = 0; i <= bytes; i += 64) _mm_prefetch(reinterpret_cast<const char*>(at + i), _MM_HINT_T1);
    at += step;
  }
};

// The common case of finish_panel(): whole panels, nothing but a bias and a residual.
bool store_panel(const BlockLinearArgs& a, std::int64_t row, int rows, std::int64_t panel, const float* sums) {
  const Epilogue& e = a.epilogue;
  const std::int64_t column = panel * kBlockPanel, at = row * a.n + column;
  if (e.activation.kind != Activation::none || e.scale != 1 || e.shift != 0 || a.n - column < kBlockPanel) return false;
  for (int v = 0; v < kVectors; ++v) {
    const V bias = e.bias ? load(e.bias + column + v * kLanes) : zero();
    for (int r = 0; r < rows; ++r) {
      V sum = load(sums + (r * kVectors + v) * kLanes);
      if (e.bias) sum = add(sum, bias);
      const std::int64_t place = at + r * a.n + v * kLanes;
      if (e.residual) sum = add(sum, load(e.residual + place));
      store(a.out + place, sum);
    }
  }
  return true;
}

// What a panel's sums become; columns beyond n fall away.
void finish_panel(const BlockLinearArgs& a, std::int64_t row, int rows, std::int64_t panel, const float* sums) {
  if (store_panel(a, row, rows, panel, sums)) return;
  const Epilogue& e = a.epilogue;
  const std::int64_t column = panel * kBlockPanel, columns = a.n - column, at = row * a.n + column;
  for (int v = 0; v < kVectors && v * kLanes < columns; ++v) {
    alignas(64) float values[kBlockRows * kLanes];
    for (int r = 0; r < rows; ++r) store(values + r * kLanes, load(sums + (r * kVectors + v) * kLanes));
    const int skip = v * kLanes, left = static_cast<int>(columns - skip < kLanes ? columns - skip : kLanes);
    finish_values(values, rows, 1,
                  {a.out + at + skip, e.residual ? e.residual + at + skip : nullptr, a.n, kLanes,
                   e.bias ? e.bias + column + skip : nullptr,
                   e.activation.slope ? e.activation.slope + column + skip : nullptr, left, false, false},
                  e);
  }
}

// Panels [begin, end) of all rows: as many rows as stay in the second-level cache meet all panels before the next.
template <int Rows, typename Kernel>
void walk(const BlockLinearArgs& a, std::int64_t begin, std::int64_t end, Kernel kernel_for) {
  constexpr std::int64_t kBytesAtOnce = 1 << 19;
  const std::int64_t fit = kBytesAtOnce / (2 * a.k + 1) / a.tile, at_once = (fit > 1 ? fit : 1) * a.tile;
  alignas(64) float sums[kBlockRows * kBlockPanel];
  for (std::int64_t first = 0; first < a.rows; first += at_once) {
    const std::int64_t until = first + at_once < a.rows ? first + at_once : a.rows;
    for (std::int64_t panel = begin; panel < end; ++panel)
      for (std::int64_t row = first; row < until; row += a.tile) {
        const int rows = static_cast<int>(a.rows - row < a.tile ? a.rows - row : a.tile);
        const BlockTile tile{a.weights + panel * a.panel_bytes,
                             a.panel_bytes,
                             a.k,
                             a.units ? a.units + row * (a.k / kBlockUnit) : nullptr,
                             a.x ? a.x + row * a.k : nullptr,
                             a.k,
                             sums};
        with_rows<Rows>(rows, [&]<int R>() { kernel_for.template run<R>(tile); });
        finish_panel(a, row, rows, panel, sums);
      }
  }
}

}  // namespace
}  // namespace frugal::FRUGAL_SIMD
