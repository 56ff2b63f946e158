#include "ops/broadcast.h"

#include <algorithm>

#include "ops/activation.h"

namespace frugal {
namespace {

// Dims of a value in memory under those of the output: missing leading dims are 1, blocks are a dim of their own.
Shape memory_dims(const StoredType& type, std::size_t rank, int out_block) {
  Shape dims(rank - type.shape.size(), 1);
  dims.insert(dims.end(), type.shape.begin(), type.shape.end());
  if (type.block > 1) dims[1] = (dims[1] + type.block - 1) / type.block;
  if (out_block > 1) dims.push_back(type.block);
  return dims;
}

Shape steps_of(const Shape& dims) {
  Shape steps(dims.size());
  std::int64_t step = 1;
  for (std::size_t i = dims.size(); i-- > 0; step *= dims[i]) steps[i] = dims[i] == 1 ? 0 : step;
  return steps;
}

}  // namespace

std::array<std::int64_t, kMostOperands> BroadcastPlan::offsets(std::int64_t row) const {
  std::array<std::int64_t, kMostOperands> at{};
  for (int i = outer_count; i-- > 0;) {
    const BroadcastAxis& axis = outer[static_cast<std::size_t>(i)];
    for (std::size_t k = 0; k < kMostOperands; ++k) at[k] += row % axis.size * axis.step[k];
    row /= axis.size;
  }
  return at;
}

BroadcastPlan plan_broadcast(const StoredType& out, std::span<const StoredType> operands) {
  const std::size_t rank = out.shape.size();
  const Shape size = memory_dims(out, rank, out.block);
  std::vector<Shape> steps;
  for (const StoredType& operand : operands) steps.push_back(steps_of(memory_dims(operand, rank, out.block)));
  // Axes of size 1 go, and neighbours that all operands walk in one go become one.
  std::vector<BroadcastAxis> axes;
  for (std::size_t i = 0; i < size.size(); ++i) {
    if (size[i] == 1) continue;
    BroadcastAxis axis{.size = size[i]};
    bool merges = !axes.empty();
    for (std::size_t k = 0; k < operands.size(); ++k) {
      axis.step[k] = steps[k][i];
      merges = merges && axes.back().step[k] == axis.step[k] * axis.size;
    }
    if (merges) {
      axis.size *= axes.back().size;
      axes.pop_back();
    }
    axes.push_back(axis);
  }
  BroadcastPlan plan;
  if (!axes.empty()) {
    plan.run = axes.back();
    axes.pop_back();
  }
  for (const BroadcastAxis& axis : axes) {
    plan.outer[static_cast<std::size_t>(plan.outer_count++)] = axis;
    plan.rows *= axis.size;
  }
  return plan;
}

void run_broadcast(const BroadcastPlan& plan, ThreadPool& pool, BroadcastBody body) {
  // Long runs are cut, at multiples of every channel block, so that few rows keep all threads busy too.
  constexpr std::int64_t kSegment = 4 * kElementGrain;
  const std::int64_t length = plan.run.size, segments = (length + kSegment - 1) / kSegment;
  const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(1, length));
  pool.parallel_for(plan.rows * segments, grain, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t item = begin; item < end; ++item) {
      const std::int64_t row = item / segments, from = item % segments * kSegment;
      body(row, from, std::min(kSegment, length - from), plan.offsets(row));
    }
  });
}

}  // namespace frugal
