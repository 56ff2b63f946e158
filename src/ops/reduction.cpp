#include "ops/reduction.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

#include "graph/op.h"
#include "kernels/typed.h"
#include "ops/activation.h"
#include "ops/axis.h"
#include "ops/layout.h"
#include "ops/pooling_engine.h"

namespace frugal {
namespace {

constexpr std::int64_t kStrip = 1024;  // columns worked on at a time

struct ReductionPlan {
  std::vector<ReduceAxis> kept, reduced;  // outermost first; neighbours of one kind are one axis
  std::int64_t inner = 1;                 // innermost kept axis, if nothing is reduced inside of it
  std::int64_t count = 1;                 // elements reduced to one
  std::int64_t rows = 1;                  // of `inner` outputs each

  // Offset of the first element of a row of outputs.
  std::int64_t offset(std::int64_t row) const {
    std::int64_t at = 0;
    for (std::size_t i = kept.size(); i-- > 0; row /= kept[i].size) at += row % kept[i].size * kept[i].stride;
    return at;
  }
};

std::vector<bool> reduced_axes(const NodeContext& c) {
  const Ints& axes = attr_ints(c.node, "axes");
  const std::size_t rank = c.in(0).shape.size();
  std::vector<bool> reduced(rank, axes.empty());
  for (std::int64_t axis : axes)
    reduced[static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis)] = true;
  return reduced;
}

ReductionPlan make_plan(const NodeContext& c) {
  const Shape &shape = c.in(0).shape, strides = dense_strides(shape);
  const std::vector<bool> reduced = reduced_axes(c);
  ReductionPlan plan;
  int last = -1;  // kind of the axis before
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 1) continue;
    std::vector<ReduceAxis>& axes = reduced[i] ? plan.reduced : plan.kept;
    if (last == static_cast<int>(reduced[i]))
      axes.back() = {axes.back().size * shape[i], strides[i]};
    else
      axes.push_back({shape[i], strides[i]});
    last = reduced[i];
    if (reduced[i]) plan.count *= shape[i];
  }
  if (last == 0) {
    plan.inner = plan.kept.back().size;
    plan.kept.pop_back();
  }
  for (const ReduceAxis& axis : plan.kept) plan.rows *= axis.size;
  return plan;
}

// Float32 with the vector kernels: runs of columns are combined step by step, or whole rows at once.
class VectorReduction {
 public:
  VectorReduction(const KernelTable& table, Reduce kind, const ReductionPlan& plan)
      : table_(table), kind_(kind), rows_(plan.inner == 1 && !plan.reduced.empty()), plan_(plan) {}

  // n <= kStrip outputs side by side.
  void run(std::int64_t n, const float* in, float* out) const {
    if (kind_ == Reduce::log_sum_exp) return log_sum_exp(n, in, out);
    std::fill_n(out, n, start(kind_));
    each(plan_.reduced, n, in, [&](std::int64_t count, const float* from) { add(kind_, n, count, from, out); });
    const auto count = static_cast<float>(plan_.count);
    if (kind_ == Reduce::mean) table_.binary(Binary::div, Operand::scalar, n, out, &count, out);
    if (kind_ == Reduce::l2) table_.activate(n, out, out, {.kind = Activation::sqrt});
  }

 private:
  static float start(Reduce kind) {
    constexpr float kInf = std::numeric_limits<float>::infinity();
    return kind == Reduce::max ? -kInf : kind == Reduce::min ? kInf : kind == Reduce::prod ? 1.0f : 0.0f;
  }

  // Calls f(count, from) with every run: a row to be reduced, or `n` columns to be combined.
  template <typename F>
  void each(std::span<const ReduceAxis> axes, std::int64_t n, const float* in, const F& f) const {
    if (axes.empty()) return f(n, in);
    if (rows_ && axes.size() == 1) return f(axes[0].size, in);
    for (std::int64_t i = 0; i < axes[0].size; ++i) each(axes.subspan(1), n, in + i * axes[0].stride, f);
  }

  void add(Reduce kind, std::int64_t n, std::int64_t count, const float* from, float* out) const {
    const Binary op = kind == Reduce::max    ? Binary::max
                      : kind == Reduce::min  ? Binary::min
                      : kind == Reduce::prod ? Binary::mul
                                             : Binary::add;
    alignas(64) float mapped[kStrip];
    if (rows_) {
      mapped[0] = table_.reduce(kind, count, from);
      from = mapped;
    } else if (kind == Reduce::l1 || kind == Reduce::l2) {
      table_.activate(n, from, mapped, {.kind = kind == Reduce::l1 ? Activation::abs : Activation::square});
      from = mapped;
    }
    table_.binary(op, Operand::full, n, out, from, out);
  }

  // log(sum(exp(x - top))) + top
  void log_sum_exp(std::int64_t n, const float* in, float* out) const {
    alignas(64) float top[kStrip], mapped[kStrip];
    std::fill_n(top, n, start(Reduce::max));
    each(plan_.reduced, n, in, [&](std::int64_t count, const float* from) { add(Reduce::max, n, count, from, top); });
    for (std::int64_t i = 0; i < n; ++i)
      if (std::isinf(top[i])) top[i] = 0;
    std::fill_n(out, n, 0.0f);
    each(plan_.reduced, n, in, [&](std::int64_t count, const float* from) {
      for (std::int64_t at = 0; at < count; at += kStrip) {
        const std::int64_t m = std::min(kStrip, count - at);
        table_.binary(Binary::sub, rows_ ? Operand::scalar : Operand::full, m, from + at, top, mapped);
        table_.activate(m, mapped, mapped, {.kind = Activation::exp});
        if (rows_)
          out[0] += table_.reduce(Reduce::sum, m, mapped);
        else
          table_.binary(Binary::add, Operand::full, m, out, mapped, out);
      }
    });
    table_.activate(n, out, out, {.kind = Activation::log});
    table_.binary(Binary::add, Operand::full, n, out, top, out);
  }

  const KernelTable& table_;
  const Reduce kind_;
  const bool rows_;
  const ReductionPlan& plan_;
};

CompiledOp compile_vector(const NodeContext& c, Reduce kind) {
  const ReductionPlan plan = make_plan(c);
  const std::int64_t strips = (plan.inner + kStrip - 1) / kStrip;
  const std::int64_t work = std::max<std::int64_t>(1, plan.count * std::min(plan.inner, kStrip));
  const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / work);
  auto run = [=, &table = c.kernels](const RunArgs& args) {
    const VectorReduction reduction(table, kind, plan);
    args.pool.parallel_for(plan.rows * strips, grain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t item = begin; item < end; ++item) {
        const std::int64_t row = item / strips, from = item % strips * kStrip;
        reduction.run(std::min(kStrip, plan.inner - from), args.f32_in(0) + plan.offset(row) + from,
                      args.f32_out() + row * plan.inner + from);
      }
    });
  };
  return {.run = run, .algorithm = plan.inner == 1 ? "rows" : "columns"};
}

CompiledOp compile_typed(const NodeContext& c, Reduce kind) {
  const ReductionPlan plan = make_plan(c);
  const DType type = c.in(0).dtype;
  const auto element = dtype_info(type).block_bytes;
  auto run = [=](const RunArgs& args) {
    args.pool.parallel_for(plan.rows * plan.inner, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t at = plan.offset(i / plan.inner) + i % plan.inner;
        reduce_typed(kind, type, plan.reduced.data(), plan.reduced.size(),
                     static_cast<const std::byte*>(args.in[0]) + at * element,
                     static_cast<std::byte*>(args.out[0]) + i * element);
      }
    });
  };
  return {.run = run, .algorithm = "scalar"};
}

// Height and width of a picture stay as 1 x 1: works on channels in blocks.
bool is_global_pool(const NodeContext& c) {
  return c.in(0).shape.size() == 4 && c.in(0).shape[2] * c.in(0).shape[3] > 0 && attr_flag(c.node, "keep_dims") &&
         reduced_axes(c) == std::vector<bool>{false, false, true, true};
}

CompiledOp compile_arg(const NodeContext& c, bool smallest) {
  const AxisView view = axis_view(c.in(0).shape, attr_int(c.node, "axis"));
  const DType type = c.in(0).dtype;
  const bool last = attr_flag(c.node, "last");
  const auto element = dtype_info(type).block_bytes;
  auto run = [=](const RunArgs& args) {
    auto* out = static_cast<std::int64_t*>(args.out[0]);
    const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / view.size);
    args.pool.parallel_for(view.outer * view.inner, grain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t at = i / view.inner * view.size * view.inner + i % view.inner;
        out[i] = arg_typed(type, view.size, view.inner, static_cast<const std::byte*>(args.in[0]) + at * element,
                           smallest, last);
      }
    });
  };
  return {.run = run, .algorithm = "rows"};
}

}  // namespace

EngineOp reduction_op(Reduce kind) {
  EngineOp op{.compile = [kind](const NodeContext& c) {
    if (c.in(0).block > 1) return compile_global_pooling(c, Pool::average);
    return c.in(0).dtype == DType::f32 ? compile_vector(c, kind) : compile_typed(c, kind);
  }};
  if (kind == Reduce::mean)
    op.can_block = [](const NodeContext& c, int block) { return is_global_pool(c) && pooling_can_block(c, block); };
  return op;
}

EngineOp arg_op(bool smallest) {
  return {.compile = [smallest](const NodeContext& c) { return compile_arg(c, smallest); }};
}

}  // namespace frugal
