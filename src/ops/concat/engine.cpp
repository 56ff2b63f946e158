#include "graph/op.h"
#include "kernels/copy.h"
#include "ops/layout.h"

namespace frugal {
namespace {

std::int64_t axis_of(const NodeContext& c) {
  std::int64_t axis = attr_int(c.node, "axis");
  return axis < 0 ? axis + static_cast<std::int64_t>(c.out().shape.size()) : axis;
}

bool can_block(const NodeContext& c, int block) {
  if (!all_rank4(c)) return false;
  for (const auto& in : c.inputs)
    if (!whole_blocks(axis_of(c), 0, in->shape[1], block)) return false;
  return true;
}

CompiledOp compile(const NodeContext& c) {
  struct Part {
    CopyPlan plan;
    std::size_t offset;  // bytes
  };
  std::vector<Part> parts;
  const auto axis = static_cast<std::size_t>(axis_of(c));
  const auto element = static_cast<std::size_t>(dtype_info(c.out().dtype).block_bytes);
  const Shape out_strides = dense_strides(memory_shape(c.out()));
  std::size_t offset = 0;
  for (const auto& in : c.inputs) {
    Shape size = memory_shape(*in);
    parts.push_back({CopyPlan(size, dense_strides(size), out_strides, element), offset});
    offset += static_cast<std::size_t>(size[axis] * out_strides[axis]) * element;
  }
  auto run = [parts](const RunArgs& args) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const Part& part = parts[i];
      args.pool.parallel_for(part.plan.rows(), 1, [&](std::int64_t begin, std::int64_t end, int) {
        part.plan.run(args.in[i], static_cast<std::byte*>(args.out[0]) + part.offset, begin, end);
      });
    }
  };
  return {.run = run, .algorithm = "copy"};
}

}  // namespace

FRUGAL_ENGINE(concat) {
  registry.add("concat", {.compile = compile, .can_block = can_block, .concat_axis = [](const NodeContext& c) {
                            return static_cast<int>(axis_of(c));
                          }});
}

}  // namespace frugal
