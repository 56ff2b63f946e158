#include "engine/engine_op.h"
#include "graph/op.h"
#include "kernels/copy.h"
#include "ops/layout.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const Shape in_strides = dense_strides(c.in(0).shape), size = c.out().shape;
  Shape strides;
  for (std::int64_t axis : attr_ints(c.node, "perm")) strides.push_back(in_strides[static_cast<std::size_t>(axis)]);
  CopyPlan plan(size, strides, dense_strides(size), static_cast<std::size_t>(dtype_info(c.out().dtype).block_bytes));
  auto run = [plan](const RunArgs& args) {
    args.pool.parallel_for(plan.rows(), 1, [&](std::int64_t begin, std::int64_t end, int) {
      plan.run(args.in[0], args.out[0], begin, end);
    });
  };
  return {.run = run, .algorithm = "copy"};
}

}  // namespace

FRUGAL_ENGINE(transpose) { registry.add("transpose", {.compile = compile}); }

}  // namespace frugal
