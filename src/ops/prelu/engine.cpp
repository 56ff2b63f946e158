#include "ops/activation.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const StoredType& x = c.in(0);
  const KernelTable& table = c.kernels;
  const auto floats = static_cast<std::int64_t>(x.bytes() / sizeof(float));
  const bool shared = c.in(1).shape[0] == 1;
  const std::int64_t channels = shared ? 1 : x.shape[1];
  const std::int64_t blocks = (channels + x.block - 1) / x.block;
  // A row has one slope, or one block of slopes.
  const std::int64_t length = shared ? kElementGrain : element_count({x.shape.begin() + 2, x.shape.end()}) * x.block;
  const std::int64_t rows = floats == 0 ? 0 : (floats + length - 1) / length;
  const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(1, length));
  auto run = [=, &table, block = x.block](const RunArgs& args) {
    const float* slope = args.f32_in(1);
    args.pool.parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t row = begin; row < end; ++row) {
        const float* in = args.f32_in(0) + row * length;
        float* out = args.f32_out() + row * length;
        const std::int64_t first = row % blocks * block;
        if (shared || block == 1)
          table.activate(std::min(length, floats - row * length), in, out,
                         {.kind = Activation::leaky_relu, .alpha = slope[first]});
        else
          table.prelu_block(length / block, static_cast<int>(std::min<std::int64_t>(block, channels - first)), in, out,
                            slope + first);
      }
    });
  };
  return {.run = run, .algorithm = "elementwise"};
}

}  // namespace

FRUGAL_ENGINE(prelu) {
  registry.add("prelu",
               {.compile = compile,
                .as_activation = [](const Node&) { return std::optional(ActivationSpec{.kind = Activation::prelu}); },
                .can_block = [](const NodeContext& c, int block) { return block == c.kernels.channel_block; },
                .in_place = true});
}

}  // namespace frugal
