// A compiled SplitPattern: what the parser makes and the matcher runs.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "language/tokenizer/split_pattern.h"

namespace frugal {

struct SplitElement;
using SplitSequence = std::vector<SplitElement>;

struct SplitElement {
  enum class Kind { set, group, ahead, not_ahead, text_end } kind = Kind::set;
  int set = 0;                                // of `sets`
  std::uint32_t least = 1, most = 1;          // repetitions of a set; a group has 1..1 or 0..1
  std::vector<SplitSequence> alternatives{};  // of a group or a look-ahead
};

struct SplitPattern::Program {
  std::vector<CharSet> sets;
  std::vector<SplitSequence> alternatives;     // at most 64
  std::array<std::uint64_t, 256> may_begin{};  // by first byte, the alternatives that may match
};

SplitPattern::Program parse_split_pattern(std::string_view regex);

}  // namespace frugal
