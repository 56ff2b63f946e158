#include "ops/resample_engine.h"

#include "graph/op.h"
#include "ops/layout.h"

namespace frugal {

CompiledOp compile_resample(const NodeContext& c, AxisTaps vertical, AxisTaps horizontal) {
  require(c.in(0).dtype == DType::f32, "float32 is needed, not {}", name(c.in(0).dtype));
  const Shape x = memory_shape(c.in(0));
  const std::int64_t lanes = c.in(0).block, rows = x[0] * x[1] * vertical.out_size();
  const std::int64_t scratch = (x[3] * lanes + 15) / 16 * 16;  // floats a thread, whole cache lines
  auto run = [=, v = std::move(vertical), h = std::move(horizontal), kernel = c.kernels.resample](const RunArgs& args) {
    const ResampleArgs work{resample_axis(v), resample_axis(h), lanes, args.f32_in(0), args.f32_out()};
    args.pool.parallel_for(rows, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
      kernel(work, begin, end, reinterpret_cast<float*>(args.scratch) + thread * scratch);
    });
  };
  return {.run = run,
          .scratch_bytes = static_cast<std::size_t>(scratch * c.threads) * sizeof(float),
          .algorithm = "separable"};
}

}  // namespace frugal
