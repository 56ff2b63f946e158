#include "ops/pooling_engine.h"
#include "ops/resample_engine.h"

namespace frugal {

FRUGAL_ENGINE(adaptive_avg_pool2d) {
  auto compile = [](const NodeContext& c) {
    const Shape &x = c.in(0).shape, &y = c.out().shape;
    return compile_resample(c, window_taps(x[2], y[2]), window_taps(x[3], y[3]));
  };
  registry.add("adaptive_avg_pool2d", {.compile = compile, .can_block = pooling_can_block});
}

}  // namespace frugal
