#include "ops/binary.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/check.h"
#include "ops/activation.h"

namespace frugal {
namespace {

// One dim of the output in memory, and what a step along it means in each operand (0: broadcast).
struct Axis {
  std::int64_t size, a, b;
};

// Broadcasting boiled down: `outer` axes walked one by one around a run that one call of the kernel handles.
struct BroadcastPlan {
  std::array<Axis, kMaxRank + 1> outer{};
  int outer_count = 0;
  std::int64_t rows = 1;    // product of the outer sizes
  std::int64_t length = 1;  // elements of a run
  Operand operand = Operand::full;
  bool swapped = false;  // the first operand is the one that is repeated
};

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

// Axes of size 1 go, and neighbours that both operands walk in one go become one.
std::vector<Axis> merged_axes(const Shape& out, const Shape& a, const Shape& b) {
  const Shape a_steps = steps_of(a), b_steps = steps_of(b);
  std::vector<Axis> axes;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] == 1) continue;
    Axis axis{out[i], a_steps[i], b_steps[i]};
    if (!axes.empty() && axes.back().a == axis.a * axis.size && axes.back().b == axis.b * axis.size)
      axes.back() = {axes.back().size * axis.size, axis.a, axis.b};
    else
      axes.push_back(axis);
  }
  return axes;
}

BroadcastPlan make_plan(const StoredType& out, const StoredType& a, const StoredType& b) {
  const std::size_t rank = out.shape.size();
  std::vector<Axis> axes =
      merged_axes(memory_dims(out, rank, out.block), memory_dims(a, rank, out.block), memory_dims(b, rank, out.block));
  BroadcastPlan plan;
  if (!axes.empty()) {
    Axis run = axes.back();
    axes.pop_back();
    plan.length = run.size;
    plan.swapped = run.a == 0;
    if (run.a == 0 || run.b == 0) plan.operand = Operand::scalar;
    // One channel block of a map with one block for all its pixels.
    if (plan.operand == Operand::full && out.block > 1 && run.size == out.block && !axes.empty()) {
      const Axis pixels = axes.back();
      if ((pixels.a == run.size && pixels.b == 0) || (pixels.a == 0 && pixels.b == run.size)) {
        axes.pop_back();
        plan.length *= pixels.size;
        plan.operand = Operand::block;
        plan.swapped = pixels.a == 0;
      }
    }
  }
  for (const Axis& axis : axes) {
    plan.outer[static_cast<std::size_t>(plan.outer_count++)] = axis;
    plan.rows *= axis.size;
  }
  return plan;
}

Binary reversed(Binary op) {
  switch (op) {
    case Binary::sub: return Binary::rsub;
    case Binary::rsub: return Binary::sub;
    case Binary::div: return Binary::rdiv;
    case Binary::rdiv: return Binary::div;
    default: return op;
  }
}

// A constant with one value a channel, [C,1,1] or [1,C,1,1]: fits any blocked map of C channels.
bool per_channel(const Shape& shape, std::int64_t channels) {
  return shape.size() >= 3 && shape[shape.size() - 3] == channels && element_count(shape) == channels;
}

// The constant as a blocked map of one pixel.
Tensor in_blocks(const Tensor& constant, int block) {
  const std::int64_t channels = constant.numel();
  Tensor out(DType::f32, {(channels + block - 1) / block * block});
  std::copy_n(constant.data<float>(), channels, out.data<float>());
  return out;
}

bool can_block(const NodeContext& c, int block) {
  if (block != c.kernels.channel_block) return false;
  const std::int64_t channels = c.out().shape[1];
  for (std::size_t i = 0; i < 2; ++i) {
    const Shape& shape = c.in(i).shape;
    bool ok = c.in(i).block > 1 ? shape[1] == channels
                                : element_count(shape) == 1 || (c.constants[i] && per_channel(shape, channels));
    if (!ok) return false;
  }
  return true;
}

void run_rows(const BroadcastPlan& plan, const KernelTable& table, Binary op, ThreadPool& pool, const float* a,
              const float* b, float* out) {
  // Long runs are cut, at multiples of every channel block, so that few rows keep all threads busy too.
  constexpr std::int64_t kSegment = 4 * kElementGrain;
  const std::int64_t segments = (plan.length + kSegment - 1) / kSegment;
  const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(1, plan.length));
  pool.parallel_for(plan.rows * segments, grain, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t item = begin; item < end; ++item) {
      const std::int64_t row = item / segments, from = item % segments * kSegment;
      std::int64_t a_at = 0, b_at = 0, rest = row;
      for (int i = plan.outer_count; i-- > 0;) {
        const Axis& axis = plan.outer[static_cast<std::size_t>(i)];
        a_at += rest % axis.size * axis.a;
        b_at += rest % axis.size * axis.b;
        rest /= axis.size;
      }
      const float *whole = plan.swapped ? b + b_at : a + a_at, *other = plan.swapped ? a + a_at : b + b_at;
      if (plan.operand == Operand::full) other += from;
      table.binary(op, plan.operand, std::min(kSegment, plan.length - from), whole + from, other,
                   out + row * plan.length + from);
    }
  });
}

CompiledOp compile(const NodeContext& c, Binary op) {
  std::array<Tensor, 2> packed;
  std::array<StoredType, 2> types{c.in(0), c.in(1)};
  const int block = c.out().block;
  for (std::size_t i = 0; block > 1 && i < 2; ++i) {
    if (types[i].block > 1 || element_count(types[i].shape) == 1) continue;
    packed[i] = in_blocks(*c.constants[i], block);
    types[i] = {DType::f32, {1, c.out().shape[1], 1, 1}, block};
  }
  const BroadcastPlan plan = make_plan(c.out(), types[0], types[1]);
  if (plan.swapped) op = reversed(op);
  auto run = [plan, op, packed, &table = c.kernels](const RunArgs& args) {
    const float* a = packed[0].defined() ? packed[0].data<float>() : args.f32_in(0);
    const float* b = packed[1].defined() ? packed[1].data<float>() : args.f32_in(1);
    run_rows(plan, table, op, args.pool, a, b, args.f32_out());
  };
  constexpr const char* names[] = {"elementwise", "broadcast scalar", "broadcast block"};
  return {.run = run,
          .algorithm = names[static_cast<std::size_t>(plan.operand)],
          .packed_bytes = packed[0].bytes() + packed[1].bytes()};
}

}  // namespace

EngineOp binary_op(Binary op) {
  return {.compile = [op](const NodeContext& c) { return compile(c, op); },
          .is_residual_add = op == Binary::add,
          .can_block = can_block,
          .in_place = true};
}

}  // namespace frugal
