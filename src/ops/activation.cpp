#include "ops/activation.h"

#include "kernels/typed.h"

namespace frugal {

EngineOp activation_op(std::function<ActivationSpec(const Node&)> spec) {
  auto compile = [spec](const NodeContext& c) -> CompiledOp {
    const DType type = c.in(0).dtype;
    const std::size_t element = static_cast<std::size_t>(dtype_info(type).block_bytes);
    const auto n = static_cast<std::int64_t>(c.out().bytes() / element);
    const ActivationSpec s = spec(c.node);
    if (type == DType::f32 && has_vector_form(s.kind))
      return {.run =
                  [n, s, activate = c.kernels.activate](const RunArgs& args) {
                    args.pool.parallel_for(n, kElementGrain, [&](std::int64_t begin, std::int64_t end, int) {
                      activate(end - begin, args.f32_in(0) + begin, args.f32_out() + begin, s);
                    });
                  },
              .algorithm = "elementwise"};
    return {.run =
                [n, s, type, element](const RunArgs& args) {
                  args.pool.parallel_for(n, kElementGrain, [&](std::int64_t begin, std::int64_t end, int) {
                    const std::size_t at = static_cast<std::size_t>(begin) * element;
                    activate_typed(type, end - begin, static_cast<const std::byte*>(args.in[0]) + at,
                                   static_cast<std::byte*>(args.out[0]) + at, s);
                  });
                },
            .algorithm = "elementwise scalar"};
  };
  auto fusable = [spec](const Node& node) {
    const ActivationSpec s = spec(node);
    return has_vector_form(s.kind) ? std::optional(s) : std::nullopt;
  };
  return {.compile = compile,
          .as_activation = fusable,
          .can_block = [](const NodeContext& c, int) { return c.in(0).shape.size() == 4; },
          .in_place = true};
}

EngineOp activation_op(Activation kind) {
  return activation_op([kind](const Node&) { return ActivationSpec{.kind = kind}; });
}

}  // namespace frugal
