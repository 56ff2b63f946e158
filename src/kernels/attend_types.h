// Attention over a cache of keys and values. No inline functions here (see types.h).
#pragma once

#include <cstddef>
#include <cstdint>

namespace frugal {

// How the elements of a cache are stored; q8: bytes with a scale for each cell of each head.
enum class CacheType : std::uint8_t { f32, f16, q8 };

// Cells lie in pages. Of one head a page holds
//   keys    [depth][kPageCells], so that the lanes of a dot product are cells,
//   values  [kPageCells][depth rounded up to kCacheAlign],
// and in front of each, where elements are bytes, a scale for every cell (kPageCells floats).
constexpr int kPageCells = 16, kCacheAlign = 16;
// Cells are worked on in chunks at multiples of this; what a query gets never depends on how else work is split.
constexpr int kChunkCells = 256, kChunkPages = kChunkCells / kPageCells;
constexpr int kAttendRows = 8;  // queries of one call at most

// Softmax attention of a few queries over one chunk of cells, added to what earlier chunks gave:
// the sums are kept unnormalised beside the largest score so far (Milakov and Gimelshein, arXiv 1805.02867).
struct AttendArgs {
  CacheType type;
  int rows;
  std::int64_t key_depth, value_depth;
  const float* q;  // [rows][key_depth], already scaled
  const std::byte* const* keys;
  const std::byte* const* values;  // pages of the chunk
  const int* first;                // [rows], the cells of the chunk that a row sees: [first, last)
  const int* last;
  const std::uint16_t* hidden;  // a bit for each cell of each page that nobody sees, or null
  float soft_cap;               // above 0: scores become cap * tanh(score / cap)
  float* scores;                // scratch, [rows][kChunkCells]
  float *largest, *total;       // [rows]; before the first chunk -infinity and 0
  float* out;                   // [rows][value_depth rounded up]; before the first chunk 0
};

struct AttendTable {
  // One cell of one head of a page; k or v.
  void (*store_keys)(CacheType type, std::int64_t depth, const float* k, std::byte* page, int cell);
  void (*store_values)(CacheType type, std::int64_t depth, const float* v, std::byte* page, int cell);
  void (*attend)(const AttendArgs& args);
};

}  // namespace frugal
