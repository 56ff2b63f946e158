#include "engine/engine_op.h"
#include "graph/op.h"
#include "kernels/copy.h"
#include "ops/layout.h"

namespace frugal {
namespace {

std::int64_t axis_of(const NodeContext& c) {
  std::int64_t axis = attr_int(c.node, "axis");
  return axis < 0 ? axis + static_cast<std::int64_t>(c.in(0).shape.size()) : axis;
}

bool can_block(const NodeContext& c, int block) {
  if (!all_rank4(c)) return false;
  for (std::int64_t size : attr_ints(c.node, "sizes"))
    if (!whole_blocks(axis_of(c), 0, size, block)) return false;
  return true;
}

CompiledOp compile(const NodeContext& c) {
  struct Part {
    CopyPlan plan;
    std::size_t offset;  // bytes
  };
  std::vector<Part> parts;
  const auto axis = static_cast<std::size_t>(axis_of(c));
  const auto element = static_cast<std::size_t>(dtype_info(c.in(0).dtype).block_bytes);
  const Shape in_strides = dense_strides(memory_shape(c.in(0)));
  std::size_t offset = 0;
  for (const StoredType& out : c.outputs) {
    const Shape size = memory_shape(out);
    parts.push_back({CopyPlan(size, in_strides, dense_strides(size), element), offset});
    offset += static_cast<std::size_t>(size[axis] * in_strides[axis]) * element;
  }
  auto run = [parts](const RunArgs& args) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const Part& part = parts[i];
      args.pool.parallel_for(part.plan.rows(), 1, [&](std::int64_t begin, std::int64_t end, int) {
        part.plan.run(static_cast<const std::byte*>(args.in[0]) + part.offset, args.out[i], begin, end);
      });
    }
  };
  return {.run = run, .algorithm = "copy"};
}

}  // namespace

FRUGAL_ENGINE(split) {
  registry.add("split", {.compile = compile, .can_block = can_block, .split_axis = [](const NodeContext& c) {
                           return static_cast<int>(axis_of(c));
                         }});
}

}  // namespace frugal
