// All strings of a vocabulary as one tree of bytes.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace frugal {

class ByteTrie {
 public:
  struct Node {
    std::uint32_t children = 0;  // of the first child; the others follow, by rising byte
    std::uint16_t count = 0;
    unsigned char byte = 0;  // that leads here
    std::int32_t id = -1;    // of the string that ends here, the smallest where several do
  };
  static constexpr std::uint32_t kRoot = 0, kNone = 0xFFFFFFFF;

  ByteTrie() : nodes_(1) { root_.fill(kNone); }
  // Strings with ids; empty ones are left out.
  explicit ByteTrie(std::vector<std::pair<std::string_view, std::int32_t>> strings);

  std::uint32_t child(std::uint32_t node, unsigned char byte) const {
    if (node == kRoot) return root_[byte];
    const Node& n = nodes_[node];
    for (std::uint32_t i = n.children; i < n.children + n.count; ++i)
      if (nodes_[i].byte == byte) return i;
    return kNone;
  }
  const Node& operator[](std::uint32_t node) const { return nodes_[node]; }
  std::size_t size() const { return nodes_.size(); }
  bool begins(unsigned char byte) const { return root_[byte] != kNone; }

  // The longest string that `text` begins with: its id and length, or {-1, 0}.
  std::pair<std::int32_t, std::size_t> longest(std::string_view text) const;

 private:
  std::vector<Node> nodes_;
  std::array<std::uint32_t, 256> root_;
};

}  // namespace frugal
