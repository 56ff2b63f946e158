#include "graph/op.h"
#include "kernels/copy.h"
#include "ops/layout.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const Shape& y = c.out().shape;
  const std::int64_t b = attr_int(c.node, "block"), height = y[2] / b, width = y[3] / b;
  // One walk over [N, C, H, i, j, W]: whole rows of the input, spread over every b-th pixel of the output.
  const Shape size = {y[0], y[1], height, b, b, width};
  const Shape out = dense_strides({y[0], y[1], height, b, width, b});
  Shape in;
  if (attr_text(c.node, "mode") == "DCR") {
    const Shape s = dense_strides({y[0], b, b, y[1], height, width});
    in = {s[0], s[3], s[4], s[1], s[2], s[5]};
  } else {
    const Shape s = dense_strides({y[0], y[1], b, b, height, width});
    in = {s[0], s[1], s[4], s[2], s[3], s[5]};
  }
  CopyPlan plan(size, in, Shape{out[0], out[1], out[2], out[3], out[5], out[4]},
                static_cast<std::size_t>(dtype_info(c.out().dtype).block_bytes));
  auto run = [plan](const RunArgs& args) {
    args.pool.parallel_for(plan.rows(), 1, [&](std::int64_t begin, std::int64_t end, int) {
      plan.run(args.in[0], args.out[0], begin, end);
    });
  };
  return {.run = run, .algorithm = "copy"};
}

}  // namespace

FRUGAL_ENGINE(depth_to_space) { registry.add("depth_to_space", {.compile = compile}); }

}  // namespace frugal
