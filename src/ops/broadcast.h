// NumPy broadcasting of two or three operands boiled down to runs.
#pragma once

#include <array>

#include "engine/engine_op.h"

namespace frugal {

inline constexpr std::size_t kMostOperands = 3;

// One dim of the output in memory, and what a step along it means in each operand, in elements (0: broadcast).
struct BroadcastAxis {
  std::int64_t size = 1;
  std::array<std::int64_t, kMostOperands> step{};
};

// `outer` axes walked one by one around a run that one call of a kernel handles.
struct BroadcastPlan {
  std::array<BroadcastAxis, kMaxRank + 1> outer{};
  int outer_count = 0;
  std::int64_t rows = 1;  // product of the outer sizes
  BroadcastAxis run;      // steps 0 or 1

  // Offsets of row `row` in every operand.
  std::array<std::int64_t, kMostOperands> offsets(std::int64_t row) const;
};

// Operands that are not blocked where the output is must have one element a channel or one in all.
BroadcastPlan plan_broadcast(const StoredType& out, std::span<const StoredType> operands);

// Calls body(row, from, n, offsets) for pieces of runs: n elements of the output from row * run.size + from on.
using BroadcastBody = FunctionRef<void(std::int64_t row, std::int64_t from, std::int64_t n,
                                       const std::array<std::int64_t, kMostOperands>& offsets)>;
void run_broadcast(const BroadcastPlan& plan, ThreadPool& pool, BroadcastBody body);

}  // namespace frugal
