#include "ops/activation.h"

namespace frugal {

EngineOp activation_op(std::function<ActivationSpec(const Node&)> spec) {
  auto compile = [spec](const NodeContext& c) -> CompiledOp {
    const auto n = static_cast<std::int64_t>(c.out().bytes() / sizeof(float));
    auto run = [n, s = spec(c.node), activate = c.kernels.activate](const RunArgs& args) {
      args.pool.parallel_for(n, kElementGrain, [&](std::int64_t begin, std::int64_t end, int) {
        activate(end - begin, args.f32_in(0) + begin, args.f32_out() + begin, s);
      });
    };
    return {.run = run, .algorithm = "elementwise"};
  };
  return {.compile = compile,
          .as_activation = [spec](const Node& node) { return std::optional(spec(node)); },
          .can_block = [](const NodeContext& c, int) { return c.in(0).shape.size() == 4; },
          .in_place = true};
}

EngineOp activation_op(Activation kind) {
  return activation_op([kind](const Node&) { return ActivationSpec{.kind = kind}; });
}

}  // namespace frugal
