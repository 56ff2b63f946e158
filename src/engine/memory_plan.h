// Places blocks of memory with known lifetimes in one arena.
#pragma once

#include <cstddef>
#include <vector>

namespace frugal {

struct MemoryBlock {
  std::size_t bytes = 0;
  int first = 0, last = 0;  // steps during which it is in use, both included
};

struct MemoryPlan {
  std::vector<std::size_t> offsets;  // of each block, multiples of 64
  std::size_t bytes = 0;
};

// Greedy by size: the largest first, each into the smallest gap that takes it among the blocks alive at
// the same time (Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020).
MemoryPlan plan_memory(const std::vector<MemoryBlock>& blocks);

}  // namespace frugal
