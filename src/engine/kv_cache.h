// The cache of keys and values of language models: paged, shared by reference between sequences, bounded in bytes.
//
// A sequence is a list of cells 0, 1, 2, ...; a cell holds the keys and values of one token in every layer. Cells are
// committed (they stay) or in flight (written by the rows of a step, kept or overwritten after it). A row is a token
// with its sequence, its position (what rotary angles and windows see) and its cell (where it is stored); for a plain
// sequence position and cell are equal. A row sees the cells of its sequence up to its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "frugal/graph.h"
#include "frugal/tensor.h"
#include "kernels/attend_types.h"

namespace frugal {

struct CacheLayer {
  std::int64_t heads = 0, key_depth = 0, value_depth = 0;
};
// What the ragged_attention nodes of a graph need, by their attribute `layer`; Error where layers are missing.
std::vector<CacheLayer> cache_layers(const Graph& graph);

class KvCache {
 public:
  KvCache(std::vector<CacheLayer> layers, CacheType type, std::size_t max_bytes);

  std::size_t cell_bytes() const { return page_bytes_ / kPageCells; }  // of all layers
  std::size_t bytes() const { return pages_.size() * page_bytes_; }    // held now, also for reuse
  std::int64_t free_cells() const;                                     // in pages that can still be had
  CacheType type() const { return type_; }

  int open();                         // a new sequence without cells
  int fork(int sequence, int cells);  // a new one that begins with the first `cells` of another and shares them
  void close(int sequence);           // its number may be given again
  int cells(int sequence) const;      // committed
  // Room for cells up to `cells`; those from the committed ones on become this sequence's own. Error where the cache is
  // full: nothing has changed then.
  void reserve(int sequence, int cells);
  // From now on `cells` are committed, which reserve() has made; whole pages above are given back.
  void commit(int sequence, int cells);

  // Sequences with gaps (the padded form of batched speculation). Positions of cells [first, first + n); -1: nobody
  // sees the cell. Cells never named have the position of their number.
  void place(int sequence, int first, std::span<const std::int32_t> positions);

  // For tests: fills every cell that is not committed.
  void fill_stale(float value);

 private:
  friend class KvStep;
  struct Sequence {
    bool open = false;
    int cells = 0;
    std::vector<int> pages;
    std::vector<std::int32_t> positions;  // of cells; empty: a plain sequence
    std::vector<std::uint16_t> hidden;    // a bit for each cell, by pages
  };
  Sequence& at(int sequence);
  const Sequence& at(int sequence) const;
  int take_page();
  void drop_page(int page);
  std::byte* memory(int page) { return static_cast<std::byte*>(pages_[static_cast<std::size_t>(page)].raw()); }
  std::size_t key_offset(int layer, std::int64_t head) const;
  std::size_t value_offset(int layer, std::int64_t head) const;

  std::vector<CacheLayer> layers_;
  CacheType type_;
  std::size_t page_bytes_ = 0, max_pages_ = 0;
  std::vector<std::size_t> layer_offset_, key_bytes_, value_bytes_;  // of a layer within a page; of one head
  std::vector<Tensor> pages_;  // bytes, side by side in huge pages: a step reads them all
  std::vector<int> users_;     // of each page
  std::vector<int> free_;
  std::vector<Sequence> sequences_;
};

// The rows of one run of a graph, sorted by sequence for its attention nodes. Kept between steps, so that a step
// allocates nothing once it has seen as many rows.
class KvStep {
 public:
  explicit KvStep(KvCache& cache) : cache_(cache) {}

  // One entry a row, in the order of the graph's inputs; any order of sequences. Cells must have been reserved.
  void begin(std::span<const std::int32_t> sequences, std::span<const std::int32_t> positions,
             std::span<const std::int32_t> cells);

  struct Group {  // the rows order()[begin, end) of one sequence
    int sequence, begin, end;
    int cells;  // up to the last row's
  };
  std::span<const Group> groups() const { return groups_; }
  std::span<const int> order() const { return order_; }
  int cell(int row) const { return cells_[static_cast<std::size_t>(row)]; }
  std::int64_t row_cells() const { return row_cells_; }  // sum over rows of the cells they see: work

  CacheType type() const { return cache_.type_; }
  // First cell that a row sees within a window of positions (0: all).
  int first_cell(const Group& group, int row, std::int64_t window) const;
  // Pages of a group's cells, for one head of one layer.
  std::byte* keys(const Group& group, int page, int layer, std::int64_t head) const;
  std::byte* values(const Group& group, int page, int layer, std::int64_t head) const;
  const std::uint16_t* hidden(const Group& group) const;  // by pages; null: nothing is hidden

 private:
  std::byte* page(const Group& group, int page) const;

  KvCache& cache_;
  std::vector<Group> groups_;
  std::vector<int> order_;
  std::vector<std::int32_t> sequences_, positions_, cells_;
  std::int64_t row_cells_ = 0;
};

}  // namespace frugal
