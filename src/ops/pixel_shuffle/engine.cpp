#include "graph/op.h"
#include "kernels/copy.h"
#include "ops/layout.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const Shape& y = c.out().shape;
  const std::int64_t r = attr_int(c.node, "factor"), height = y[2] / r, width = y[3] / r;
  // One walk over [N, C, H, i, j, W]: whole rows of the input, spread over every r-th pixel of the output.
  const Shape size = {y[0], y[1], height, r, r, width};
  const Shape in = dense_strides({y[0], y[1], r, r, height, width}),
              out = dense_strides({y[0], y[1], height, r, width, r});
  CopyPlan plan(size, Shape{in[0], in[1], in[4], in[2], in[3], in[5]},
                Shape{out[0], out[1], out[2], out[3], out[5], out[4]},
                static_cast<std::size_t>(dtype_info(c.out().dtype).block_bytes));
  auto run = [plan](const RunArgs& args) {
    args.pool.parallel_for(plan.rows(), 1, [&](std::int64_t begin, std::int64_t end, int) {
      plan.run(args.in[0], args.out[0], begin, end);
    });
  };
  return {.run = run, .algorithm = "copy"};
}

}  // namespace

FRUGAL_ENGINE(pixel_shuffle) { registry.add("pixel_shuffle", {.compile = compile}); }

}  // namespace frugal
