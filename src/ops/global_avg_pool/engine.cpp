#include "engine/engine_op.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const Shape x = c.in(0).shape;
  auto run = [=](const RunArgs& args) {
    const std::int64_t area = x[2] * x[3];
    for (std::int64_t plane = 0; plane < x[0] * x[1]; ++plane) {
      float sum = 0;
      for (std::int64_t i = 0; i < area; ++i) sum += args.f32_in(0)[plane * area + i];
      args.f32_out()[plane] = sum / static_cast<float>(area);
    }
  };
  return {.run = run, .algorithm = "reference"};
}

}  // namespace

FRUGAL_ENGINE(global_avg_pool) { registry.add("global_avg_pool", {.compile = compile}); }

}  // namespace frugal
