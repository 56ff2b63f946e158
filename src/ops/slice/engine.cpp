#include <algorithm>

#include "graph/op.h"
#include "kernels/copy.h"
#include "ops/layout.h"

namespace frugal {
namespace {

struct Cut {
  Shape start, step;  // along every dim of the logical shape
};

Cut cut_of(const NodeContext& c) {
  const Shape& x = c.in(0).shape;
  const Ints &starts = attr_ints(c.node, "starts"), &axes = attr_ints(c.node, "axes"),
             &steps = attr_ints(c.node, "steps");
  Cut cut{Shape(x.size(), 0), Shape(x.size(), 1)};
  for (std::size_t i = 0; i < starts.size(); ++i) {
    std::int64_t axis = axes.empty() ? static_cast<std::int64_t>(i) : axes[i];
    auto a = static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(x.size()) : axis);
    cut.start[a] = std::clamp<std::int64_t>(starts[i] < 0 ? starts[i] + x[a] : starts[i], 0, x[a]);
    if (!steps.empty()) cut.step[a] = steps[i];
  }
  return cut;
}

bool can_block(const NodeContext& c, int block) {
  if (!all_rank4(c)) return false;
  Cut cut = cut_of(c);
  bool all_channels = c.out().shape[1] == c.in(0).shape[1];
  return all_channels || (cut.step[1] == 1 && whole_blocks(1, cut.start[1], c.out().shape[1], block));
}

CompiledOp compile(const NodeContext& c) {
  Cut cut = cut_of(c);
  if (c.in(0).block > 1) {  // channels are counted in blocks
    cut.start[1] /= c.in(0).block;
    cut.start.push_back(0);
    cut.step.push_back(1);
  }
  const auto element = static_cast<std::size_t>(dtype_info(c.out().dtype).block_bytes);
  const Shape size = memory_shape(c.out()), out_strides = dense_strides(size);
  Shape in_strides = dense_strides(memory_shape(c.in(0)));
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < in_strides.size(); ++i) {
    offset += cut.start[i] * in_strides[i];
    in_strides[i] *= cut.step[i];
  }
  CopyPlan plan(size, in_strides, out_strides, element);
  auto run = [plan, first = offset * static_cast<std::int64_t>(element)](const RunArgs& args) {
    args.pool.parallel_for(plan.rows(), 1, [&](std::int64_t begin, std::int64_t end, int) {
      plan.run(static_cast<const std::byte*>(args.in[0]) + first, args.out[0], begin, end);
    });
  };
  return {.run = run, .algorithm = "copy"};
}

}  // namespace

FRUGAL_ENGINE(slice) { registry.add("slice", {.compile = compile, .can_block = can_block}); }

}  // namespace frugal
