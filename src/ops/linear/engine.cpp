#include "engine/engine_op.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const std::int64_t in = c.in(1).shape[1], out = c.in(1).shape[0], rows = element_count(c.out().shape) / out;
  auto run = [=](const RunArgs& args) {
    const float *x = args.f32_in(0), *w = args.f32_in(1), *bias = args.f32_in(2);
    float* y = args.f32_out();
    args.pool.parallel_for(rows * out, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) {
        const float *a = x + i / out * in, *b = w + i % out * in;
        float sum = bias ? bias[i % out] : 0;
        for (std::int64_t k = 0; k < in; ++k) sum += a[k] * b[k];
        y[i] = sum;
      }
    });
  };
  return {.run = run, .algorithm = "reference"};
}

}  // namespace

FRUGAL_ENGINE(linear) { registry.add("linear", {.compile = compile}); }

}  // namespace frugal
