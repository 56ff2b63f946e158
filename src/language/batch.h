// The rows of one step of a language model.
#pragma once

#include <cstdint>
#include <vector>

namespace frugal {

// Rows of several sequences, in any order (engine/kv_cache.h says what a row is).
struct RowBatch {
  std::vector<std::int32_t> tokens, positions, sequences, cells;
  std::vector<std::int32_t> wanted;  // rows whose logits are wanted

  std::int32_t size() const { return static_cast<std::int32_t>(tokens.size()); }
  void add(std::int32_t token, std::int32_t sequence, std::int32_t position, std::int32_t cell, bool logits) {
    if (logits) wanted.push_back(size());
    tokens.push_back(token);
    positions.push_back(position);
    sequences.push_back(sequence);
    cells.push_back(cell);
  }
  void clear() { *this = {}; }
};

}  // namespace frugal
