#include <algorithm>

#include "graph/op.h"
#include "kernels/copy.h"
#include "ops/layout.h"

namespace frugal {
namespace {

// Index of the input for every index of the padded dim; -1 is the constant.
std::vector<std::int64_t> padded(std::int64_t size, std::int64_t before, std::int64_t after, const std::string& mode) {
  std::vector<std::int64_t> map;
  for (std::int64_t i = -before; i < size + after; ++i) {
    bool inside = i >= 0 && i < size;
    if (mode == "constant")
      map.push_back(inside ? i : -1);
    else if (mode == "wrap")
      map.push_back(((i % size) + size) % size);
    else if (mode == "edge")
      map.push_back(std::clamp<std::int64_t>(i, 0, size - 1));
    else
      map.push_back(i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i);
  }
  return map;
}

bool can_block(const NodeContext& c, int block) {
  return all_rank4(c) && c.in(0).dtype == DType::f32 && block > 1 && attr_ints(c.node, "pads")[1] == 0 &&
         attr_ints(c.node, "pads")[5] == 0;
}

CompiledOp compile(const NodeContext& c) {
  const Ints& pads = attr_ints(c.node, "pads");
  const Shape size = memory_shape(c.in(0));
  const std::size_t rank = c.in(0).shape.size();
  std::vector<std::vector<std::int64_t>> maps;
  for (std::size_t i = 0; i < size.size(); ++i)  // a blocked layout has one dim more, the lanes
    maps.push_back(padded(size[i], i < rank ? pads[i] : 0, i < rank ? pads[i + rank] : 0, attr_text(c.node, "mode")));
  Tensor fill = Tensor::scalar(attr_real(c.node, "value")).to(c.in(0).dtype);
  GatherPlan plan(size, std::move(maps), fill.bytes(), fill.raw());
  auto run = [plan](const RunArgs& args) {
    args.pool.parallel_for(plan.rows(), 1, [&](std::int64_t begin, std::int64_t end, int) {
      plan.run(args.in[0], args.out[0], begin, end);
    });
  };
  return {.run = run, .algorithm = "gather"};
}

}  // namespace

FRUGAL_ENGINE(pad) { registry.add("pad", {.compile = compile, .can_block = can_block}); }

}  // namespace frugal
