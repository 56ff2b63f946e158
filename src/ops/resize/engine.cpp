#include <numeric>

#include "graph/op.h"
#include "kernels/copy.h"
#include "ops/layout.h"
#include "ops/resample_engine.h"
#include "ops/resize/resize.h"

namespace frugal {
namespace {

std::vector<std::int64_t> identity(std::int64_t n) {
  std::vector<std::int64_t> map(static_cast<std::size_t>(n));
  std::iota(map.begin(), map.end(), 0);
  return map;
}

CompiledOp nearest(const NodeContext& c, const ResizeAxis& vertical, const ResizeAxis& horizontal) {
  const Shape size = memory_shape(c.in(0));
  std::vector<std::vector<std::int64_t>> maps{identity(size[0]), identity(size[1]), nearest_map(vertical),
                                              nearest_map(horizontal)};
  if (size.size() == 5) maps.push_back(identity(size[4]));  // the lanes of a blocked layout
  const std::int64_t fill = 0;
  GatherPlan plan(size, std::move(maps), static_cast<std::size_t>(dtype_info(c.in(0).dtype).block_bytes), &fill);
  auto run = [plan](const RunArgs& args) {
    args.pool.parallel_for(plan.rows(), 1, [&](std::int64_t begin, std::int64_t end, int) {
      plan.run(args.in[0], args.out[0], begin, end);
    });
  };
  return {.run = run, .algorithm = "gather"};
}

CompiledOp compile(const NodeContext& c) {
  const Shape &x = c.in(0).shape, &y = c.out().shape;
  const std::string& mode = attr_text(c.node, "mode");
  ResizeAxis vertical = resize_axis(c.node, 0, x[2], y[2]), horizontal = resize_axis(c.node, 1, x[3], y[3]);
  if (mode == "nearest") return nearest(c, vertical, horizontal);
  auto taps = mode == "bilinear" ? linear_taps : cubic_taps;
  return compile_resample(c, taps(vertical), taps(horizontal));
}

}  // namespace

FRUGAL_ENGINE(resize) {
  registry.add("resize",
               {.compile = compile, .can_block = [](const NodeContext& c, int) { return c.in(0).shape.size() == 4; }});
}

}  // namespace frugal
