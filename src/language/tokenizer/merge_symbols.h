// Joins neighbouring symbols, the best pair first and of equals the leftmost, until no pair is left.
#pragma once

#include <cstdint>
#include <queue>
#include <vector>

namespace frugal {

struct Symbol {
  std::uint32_t start, size;  // of the word's bytes; size 0: joined to the one before
  std::int32_t id;            // -1: none
};

struct PairMerge {
  std::uint32_t rank;  // smaller is better
  std::int32_t id;
};

// Memory that calls share.
struct MergeScratch {
  std::vector<Symbol> symbols;
  std::vector<PairMerge> pairs;
  std::vector<std::int32_t> previous, next;
};

inline constexpr std::uint32_t kNoMerge = 0xFFFFFFFF;

// Few symbols: looking at all pairs each time is fastest.
template <typename Find>
void merge_few(MergeScratch& scratch, const Find& find) {
  auto& symbols = scratch.symbols;
  auto& pairs = scratch.pairs;
  std::size_t count = symbols.size();
  pairs.resize(count);
  for (std::size_t i = 0; i + 1 < count; ++i) pairs[i] = find(symbols[i], symbols[i + 1]);
  while (count > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < count; ++i)
      if (pairs[i].rank < pairs[best].rank) best = i;
    if (pairs[best].rank == kNoMerge) break;
    symbols[best].size += symbols[best + 1].size;
    symbols[best].id = pairs[best].id;
    --count;
    for (std::size_t i = best + 1; i < count; ++i) symbols[i] = symbols[i + 1];
    for (std::size_t i = best + 1; i + 1 < count; ++i) pairs[i] = pairs[i + 1];
    if (best + 1 < count) pairs[best] = find(symbols[best], symbols[best + 1]);
    if (best > 0) pairs[best - 1] = find(symbols[best - 1], symbols[best]);
  }
  symbols.resize(count);
}

// Many symbols: a list and a heap, so that time grows as n log n.
template <typename Find>
void merge_many(MergeScratch& scratch, const Find& find) {
  auto& symbols = scratch.symbols;
  auto& previous = scratch.previous;
  auto& next = scratch.next;
  const auto count = static_cast<std::int32_t>(symbols.size());
  previous.resize(symbols.size());
  next.resize(symbols.size());
  struct Candidate {
    std::uint32_t rank;
    std::int32_t left, id;
    std::uint32_t size, left_size;  // of both together, and of the left one, when this was found: they show a change
    bool operator>(const Candidate& other) const { return rank != other.rank ? rank > other.rank : left > other.left; }
  };
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> heap;
  auto at = [&](std::int32_t i) -> Symbol& { return symbols[static_cast<std::size_t>(i)]; };
  auto offer = [&](std::int32_t left, std::int32_t right) {
    if (left < 0 || right >= count) return;
    const PairMerge pair = find(at(left), at(right));
    if (pair.rank != kNoMerge) heap.push({pair.rank, left, pair.id, at(left).size + at(right).size, at(left).size});
  };
  for (std::int32_t i = 0; i < count; ++i) {
    previous[static_cast<std::size_t>(i)] = i - 1;
    next[static_cast<std::size_t>(i)] = i + 1;
  }
  for (std::int32_t i = 0; i + 1 < count; ++i) offer(i, i + 1);
  while (!heap.empty()) {
    const Candidate best = heap.top();
    heap.pop();
    const std::int32_t right = next[static_cast<std::size_t>(best.left)];
    if (at(best.left).size != best.left_size || right >= count || best.left_size + at(right).size != best.size)
      continue;
    at(best.left).size = best.size;
    at(best.left).id = best.id;
    at(right).size = 0;
    const std::int32_t after = next[static_cast<std::size_t>(right)];
    next[static_cast<std::size_t>(best.left)] = after;
    if (after < count) previous[static_cast<std::size_t>(after)] = best.left;
    offer(previous[static_cast<std::size_t>(best.left)], best.left);
    offer(best.left, after);
  }
  std::erase_if(symbols, [](const Symbol& s) { return s.size == 0; });
}

// find(left, right) -> PairMerge; both functions leave the joined symbols in scratch.symbols.
template <typename Find>
void merge_symbols(MergeScratch& scratch, const Find& find) {
  if (scratch.symbols.size() <= 48)
    merge_few(scratch, find);
  else
    merge_many(scratch, find);
}

}  // namespace frugal
