#include "ops/binary.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/check.h"
#include "kernels/typed.h"
#include "ops/activation.h"
#include "ops/broadcast.h"

namespace frugal {
namespace {

// How a plan is run with KernelTable::binary.
struct VectorPlan {
  BroadcastPlan walk;
  Operand operand = Operand::full;
  bool swapped = false;  // the first operand is the one that is repeated
};

VectorPlan vector_plan(const StoredType& out, const std::array<StoredType, 2>& operands) {
  VectorPlan plan{plan_broadcast(out, operands)};
  BroadcastPlan& walk = plan.walk;
  if (walk.run.size == 1) return plan;
  const auto [a, b, unused] = walk.run.step;
  plan.swapped = a == 0;
  if (a == 0 || b == 0) plan.operand = Operand::scalar;
  // One channel block of a map with one block for all its pixels.
  if (plan.operand == Operand::full && out.block > 1 && walk.run.size == out.block && walk.outer_count > 0) {
    const BroadcastAxis pixels = walk.outer[static_cast<std::size_t>(walk.outer_count - 1)];
    const bool a_walks = pixels.step[0] == walk.run.size && pixels.step[1] == 0,
               b_walks = pixels.step[0] == 0 && pixels.step[1] == walk.run.size;
    if (a_walks || b_walks) {
      --walk.outer_count;
      walk.rows = 1;
      for (int i = 0; i < walk.outer_count; ++i) walk.rows *= walk.outer[static_cast<std::size_t>(i)].size;
      walk.run.size *= pixels.size;
      plan.operand = Operand::block;
      plan.swapped = b_walks;
    }
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
  if (c.in(0).dtype != DType::f32 || c.out().dtype != DType::f32) return false;
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

CompiledOp compile_vector(const NodeContext& c, Binary op) {
  std::array<Tensor, 2> packed;
  std::array<StoredType, 2> types{c.in(0), c.in(1)};
  const int block = c.out().block;
  for (std::size_t i = 0; block > 1 && i < 2; ++i) {
    if (types[i].block > 1 || element_count(types[i].shape) == 1) continue;
    packed[i] = in_blocks(*c.constants[i], block);
    types[i] = {DType::f32, {1, c.out().shape[1], 1, 1}, block};
  }
  const VectorPlan plan = vector_plan(c.out(), types);
  if (plan.swapped) op = reversed(op);
  auto run = [plan, op, packed, kernel = c.kernels.binary](const RunArgs& args) {
    const float* a = packed[0].defined() ? packed[0].data<float>() : args.f32_in(0);
    const float* b = packed[1].defined() ? packed[1].data<float>() : args.f32_in(1);
    auto piece = [&](std::int64_t row, std::int64_t from, std::int64_t n, const auto& at) {
      const float *whole = plan.swapped ? b + at[1] : a + at[0], *other = plan.swapped ? a + at[0] : b + at[1];
      if (plan.operand == Operand::full) other += from;
      kernel(op, plan.operand, n, whole + from, other, args.f32_out() + row * plan.walk.run.size + from);
    };
    run_broadcast(plan.walk, args.pool, piece);
  };
  constexpr const char* names[] = {"elementwise", "broadcast scalar", "broadcast block"};
  return {.run = run,
          .algorithm = names[static_cast<std::size_t>(plan.operand)],
          .packed_bytes = packed[0].bytes() + packed[1].bytes()};
}

// Powers by a constant that are cheaper than pow and as exact.
std::optional<CompiledOp> compile_power(const NodeContext& c) {
  const Tensor* exponent = c.constants[1];
  if (c.in(0).dtype != DType::f32 || !exponent || exponent->numel() != 1 || c.in(0).shape != c.out().shape) return {};
  const float e = exponent->data<float>()[0];
  if (e != 2 && e != 3 && e != 0.5f) return {};
  const auto n = element_count(c.out().shape);
  auto run = [n, e, &table = c.kernels](const RunArgs& args) {
    args.pool.parallel_for(n, kElementGrain, [&](std::int64_t begin, std::int64_t end, int) {
      constexpr std::int64_t kPiece = 1024;
      alignas(64) float squares[kPiece];
      for (std::int64_t i = begin; i < end; i += kPiece) {
        const std::int64_t count = std::min(kPiece, end - i);
        const float* x = args.f32_in(0) + i;
        float* y = args.f32_out() + i;
        if (e == 0.5f) {
          table.activate(count, x, y, {.kind = Activation::sqrt});
        } else if (e == 2) {
          table.binary(Binary::mul, Operand::full, count, x, x, y);
        } else {
          table.binary(Binary::mul, Operand::full, count, x, x, squares);
          table.binary(Binary::mul, Operand::full, count, squares, x, y);
        }
      }
    });
  };
  return CompiledOp{.run = run, .algorithm = "elementwise"};
}

CompiledOp compile_scalar(const NodeContext& c, Binary op) {
  if (op == Binary::pow)
    if (std::optional<CompiledOp> made = compile_power(c)) return *made;
  const BroadcastPlan plan = plan_broadcast(c.out(), std::array{c.in(0), c.in(1)});
  const auto in_size = dtype_info(c.in(0).dtype).block_bytes, out_size = dtype_info(c.out().dtype).block_bytes;
  auto run = [plan, op, in_size, out_size, type = c.in(0).dtype](const RunArgs& args) {
    run_broadcast(plan, args.pool, [&](std::int64_t row, std::int64_t from, std::int64_t n, const auto& at) {
      const auto [a_step, b_step, unused] = plan.run.step;
      binary_typed(op, type, n, static_cast<const std::byte*>(args.in[0]) + (at[0] + from * a_step) * in_size, a_step,
                   static_cast<const std::byte*>(args.in[1]) + (at[1] + from * b_step) * in_size, b_step,
                   static_cast<std::byte*>(args.out[0]) + (row * plan.run.size + from) * out_size);
    });
  };
  return {.run = run, .algorithm = "elementwise scalar"};
}

}  // namespace

EngineOp binary_op(std::function<Binary(const Node&)> op) {
  auto compile = [op](const NodeContext& c) {
    const Binary kind = op(c.node);
    return c.in(0).dtype == DType::f32 && has_vector_form(kind) ? compile_vector(c, kind) : compile_scalar(c, kind);
  };
  return {.compile = compile, .in_place = true};
}

EngineOp binary_op(Binary op) {
  EngineOp out = binary_op([op](const Node&) { return op; });
  out.is_residual_add = op == Binary::add;
  out.is_scale = op == Binary::mul;
  if (has_vector_form(op)) out.can_block = can_block;
  return out;
}

}  // namespace frugal
