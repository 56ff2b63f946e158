#include "ops/elementwise_engine.h"

namespace frugal {

EngineOp activation_engine(std::function<ActivationSpec(const Node&)> spec) {
  auto compile = [spec](const NodeContext& c) -> CompiledOp {
    const auto n = static_cast<std::int64_t>(c.out().bytes() / sizeof(float));
    auto run = [n, activation = spec(c.node), kernel = c.kernels.activate](const RunArgs& args) {
      args.pool.parallel_for(n, kElementGrain, [&](std::int64_t begin, std::int64_t end, int) {
        kernel(end - begin, args.f32_in(0) + begin, args.f32_out() + begin, activation);
      });
    };
    return {.run = run, .algorithm = "elementwise"};
  };
  return {.compile = compile,
          .as_activation = [spec](const Node& node) { return std::optional(spec(node)); },
          .can_block = [](const NodeContext&, int) { return true; },
          .in_place = true};
}

EngineOp activation_engine(Activation kind) {
  return activation_engine([kind](const Node&) { return ActivationSpec{.kind = kind}; });
}

}  // namespace frugal
