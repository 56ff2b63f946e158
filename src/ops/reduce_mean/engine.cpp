#include <algorithm>
#include <span>
#include <vector>

#include "engine/engine_op.h"
#include "graph/op.h"
#include "ops/activation.h"
#include "ops/layout.h"
#include "ops/pooling_engine.h"

namespace frugal {
namespace {

struct Axis {
  std::int64_t size, stride;
};

// out[0..inner) += the sum of in over the reduced axes.
void accumulate(const KernelTable& table, std::span<const Axis> reduced, std::int64_t inner, const float* in,
                float* out) {
  if (reduced.empty()) return table.binary(Binary::add, Operand::full, inner, out, in, out);
  if (inner == 1 && reduced.size() == 1 && reduced[0].stride == 1) {
    out[0] += table.sum(reduced[0].size, in);
    return;
  }
  for (std::int64_t i = 0; i < reduced[0].size; ++i)
    accumulate(table, reduced.subspan(1), inner, in + i * reduced[0].stride, out);
}

struct ReductionPlan {
  std::vector<Axis> kept, reduced;  // outermost first; neighbours of one kind are one axis
  std::int64_t inner = 1;           // innermost kept axis, if nothing is reduced inside of it
  std::int64_t count = 1;           // elements a mean is taken over
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
    std::vector<Axis>& axes = reduced[i] ? plan.reduced : plan.kept;
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
  return plan;
}

bool over_pictures(const NodeContext& c) {
  return c.in(0).shape.size() == 4 && c.in(0).shape[2] * c.in(0).shape[3] > 0 &&
         reduced_axes(c) == std::vector<bool>{false, false, true, true};
}

bool can_block(const NodeContext& c, int block) {
  return over_pictures(c) && attr_flag(c.node, "keep_dims") && pooling_can_block(c, block);
}

CompiledOp compile(const NodeContext& c) {
  if (over_pictures(c)) {
    NodeContext pooled = c;
    pooled.outputs[0].shape = {c.in(0).shape[0], c.in(0).shape[1], 1, 1};
    return compile_global_pooling(pooled, Pool::average);
  }
  const ReductionPlan plan = make_plan(c);
  const std::int64_t rows = plan.inner == 0 ? 0 : element_count(c.out().shape) / plan.inner;
  const std::int64_t grain =
      std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(1, plan.count * plan.inner));
  const auto count = static_cast<float>(plan.count);
  auto run = [plan, rows, grain, count, &table = c.kernels](const RunArgs& args) {
    args.pool.parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t row = begin; row < end; ++row) {
        const float* in = args.f32_in(0);
        std::int64_t rest = row;
        for (std::size_t i = plan.kept.size(); i-- > 0; rest /= plan.kept[i].size)
          in += rest % plan.kept[i].size * plan.kept[i].stride;
        float* out = args.f32_out() + row * plan.inner;
        std::fill_n(out, plan.inner, 0.0f);
        accumulate(table, plan.reduced, plan.inner, in, out);
        table.binary(Binary::div, Operand::scalar, plan.inner, out, &count, out);
      }
    });
  };
  return {.run = run, .algorithm = plan.inner == 1 ? "rows" : "columns"};
}

}  // namespace

FRUGAL_ENGINE(reduce_mean) { registry.add("reduce_mean", {.compile = compile, .can_block = can_block}); }

}  // namespace frugal
