#include "engine/memory_plan.h"

#include <algorithm>

#include "base/random.h"
#include "support/support.h"

namespace frugal {
namespace {

// Byte by byte and step by step: nobody else's byte while a block is alive.
void expect_no_overlap(const std::vector<MemoryBlock>& blocks, const MemoryPlan& plan, int steps) {
  for (int step = 0; step < steps; ++step) {
    std::vector<int> owner(plan.bytes, -1);
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      if (step < blocks[b].first || step > blocks[b].last) continue;
      ASSERT_LE(plan.offsets[b] + blocks[b].bytes, plan.bytes);
      for (std::size_t i = 0; i < blocks[b].bytes; ++i) {
        int& o = owner[plan.offsets[b] + i];
        ASSERT_EQ(o, -1) << "blocks " << o << " and " << b << " at step " << step;
        o = static_cast<int>(b);
      }
    }
  }
}

TEST(MemoryPlan, NeverOverlapsLiveBlocksAndIsAligned) {
  RandomStream random(5, "memory_plan");
  for (int round = 0; round < 50; ++round) {
    const int steps = 1 + static_cast<int>(random.below(20));
    std::vector<MemoryBlock> blocks(1 + random.below(30));
    std::size_t at_once = 0, total = 0;
    for (MemoryBlock& b : blocks) {
      b.bytes = random.below(2000);
      b.first = static_cast<int>(random.below(static_cast<std::uint32_t>(steps)));
      b.last = std::min(steps - 1, b.first + static_cast<int>(random.below(6)));
      total += (b.bytes + 63) / 64 * 64;
    }
    MemoryPlan plan = plan_memory(blocks);
    expect_no_overlap(blocks, plan, steps);
    for (int step = 0; step < steps; ++step) {
      std::size_t here = 0;
      for (const MemoryBlock& b : blocks)
        if (b.first <= step && step <= b.last) here += b.bytes;
      at_once = std::max(at_once, here);
    }
    EXPECT_GE(plan.bytes, at_once);
    EXPECT_LE(plan.bytes, total);
    for (std::size_t offset : plan.offsets) EXPECT_EQ(offset % 64, 0u);
  }
}

TEST(MemoryPlan, AChainNeedsTwoBlocks) {
  std::vector<MemoryBlock> chain;
  for (int i = 0; i < 10; ++i) chain.push_back({6400, i, i + 1});
  EXPECT_EQ(plan_memory(chain).bytes, 12800u);
}

TEST(MemoryPlan, NothingNeedsNothing) { EXPECT_EQ(plan_memory({}).bytes, 0u); }

}  // namespace
}  // namespace frugal
