#include "engine/memory_plan.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

namespace frugal {
namespace {

constexpr std::size_t kAlignment = 64;

std::size_t aligned(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

MemoryPlan plan_memory(const std::vector<MemoryBlock>& blocks) {
  std::vector<std::size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return blocks[a].bytes != blocks[b].bytes ? blocks[a].bytes > blocks[b].bytes : a < b;
  });

  MemoryPlan plan{.offsets = std::vector<std::size_t>(blocks.size())};
  std::vector<std::size_t> placed;  // by offset
  for (std::size_t b : order) {
    std::size_t need = aligned(blocks[b].bytes), best = 0, best_gap = SIZE_MAX, end = 0;
    for (std::size_t p : placed) {
      if (blocks[p].last < blocks[b].first || blocks[b].last < blocks[p].first) continue;
      std::size_t gap = plan.offsets[p] > end ? plan.offsets[p] - end : 0;
      if (gap >= need && gap < best_gap) best = end, best_gap = gap;
      end = std::max(end, plan.offsets[p] + aligned(blocks[p].bytes));
    }
    plan.offsets[b] = best_gap == SIZE_MAX ? end : best;
    plan.bytes = std::max(plan.bytes, plan.offsets[b] + need);
    auto by_offset = [&](std::size_t x, std::size_t y) { return plan.offsets[x] < plan.offsets[y]; };
    placed.insert(std::upper_bound(placed.begin(), placed.end(), b, by_offset), b);
  }
  return plan;
}

}  // namespace frugal
