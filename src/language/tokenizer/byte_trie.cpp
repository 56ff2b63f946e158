#include "language/tokenizer/byte_trie.h"

#include <algorithm>

namespace frugal {

// Level by level, so that the children of a node lie side by side.
ByteTrie::ByteTrie(std::vector<std::pair<std::string_view, std::int32_t>> strings) : nodes_(1) {
  root_.fill(kNone);
  std::erase_if(strings, [](const auto& s) { return s.first.empty(); });
  std::sort(strings.begin(), strings.end());
  struct Range {
    std::uint32_t node;
    std::size_t begin, end;  // strings that share the bytes up to this node
  };
  std::vector<Range> level{{kRoot, 0, strings.size()}}, next;
  for (std::size_t depth = 0; !level.empty(); ++depth, level.swap(next), next.clear()) {
    for (const Range& range : level) {
      std::size_t i = range.begin;
      for (; i < range.end && strings[i].first.size() == depth; ++i)
        if (nodes_[range.node].id < 0) nodes_[range.node].id = strings[i].second;
      nodes_[range.node].children = static_cast<std::uint32_t>(nodes_.size());
      while (i < range.end) {
        const auto byte = static_cast<unsigned char>(strings[i].first[depth]);
        std::size_t stop = i + 1;
        while (stop < range.end && static_cast<unsigned char>(strings[stop].first[depth]) == byte) ++stop;
        next.push_back({static_cast<std::uint32_t>(nodes_.size()), i, stop});
        nodes_.push_back({0, 0, byte, -1});
        ++nodes_[range.node].count;
        i = stop;
      }
    }
  }
  for (std::uint32_t i = 0; i < nodes_[kRoot].count; ++i) {
    const std::uint32_t child = nodes_[kRoot].children + i;
    root_[nodes_[child].byte] = child;
  }
}

std::pair<std::int32_t, std::size_t> ByteTrie::longest(std::string_view text) const {
  std::pair<std::int32_t, std::size_t> best{-1, 0};
  std::uint32_t node = kRoot;
  for (std::size_t i = 0; i < text.size(); ++i) {
    node = child(node, static_cast<unsigned char>(text[i]));
    if (node == kNone) break;
    if (nodes_[node].id >= 0) best = {nodes_[node].id, i + 1};
  }
  return best;
}

}  // namespace frugal
