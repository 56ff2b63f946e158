#include "kernels/adder.h"

#include <algorithm>

#include "engine/engine_op.h"
#include "ops/layer_engine.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const KernelTable& table = c.kernels;
  const Conv2dShape shape = convolution_shape(c);
  const std::int64_t scratch = adder_scratch_floats(table, shape), panels = adder_panels(table, shape);
  const FusedStore store(c, 2);
  auto run = [&table, shape, scratch, panels, store](const RunArgs& args) {
    args.pool.parallel_for(shape.batch * panels, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
      for (std::int64_t i = begin, last; i < end; i = last) {  // what falls to a thread, picture by picture
        const std::int64_t image = i / panels, at = image * shape.out_c * shape.out_h * shape.out_w;
        last = std::min(end, (image + 1) * panels);
        Epilogue e = store(args);
        if (e.residual) e.residual += at;
        adder_conv2d(table, shape, args.f32_in(0) + image * shape.in_c * shape.in_h * shape.in_w, args.f32_in(1),
                     args.f32_out() + at, e, reinterpret_cast<float*>(args.scratch) + thread * scratch,
                     i - image * panels, last - image * panels);
      }
    });
  };
  return {
      .run = run, .scratch_bytes = static_cast<std::size_t>(scratch * c.threads) * sizeof(float), .algorithm = "adder"};
}

}  // namespace

FRUGAL_ENGINE(adder_conv2d) {
  registry.add("adder_conv2d", {.compile = compile, .fuses_activation = true, .fuses_residual = true});
}

}  // namespace frugal
