#include "ops/group_norm.h"

#include "graph/op.h"

namespace frugal {

EngineOp group_norm_op(std::function<std::int64_t(const NodeContext&)> groups_of) {
  auto compile = [groups_of](const NodeContext& c) -> CompiledOp {
    const Shape& x = c.in(0).shape;
    const std::int64_t groups = groups_of(c), inner = element_count({x.begin() + 2, x.end()});
    if (element_count(x) == 0) return {.run = [](const RunArgs&) {}, .algorithm = "empty"};
    const std::int64_t channels = x[1], in_group = channels / groups;
    const auto eps = static_cast<float>(attr_real(c.node, "eps"));
    auto run = [=, images = x[0], &table = c.kernels](const RunArgs& args) {
      args.pool.parallel_for(images * groups, 1, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t group = begin; group < end; ++group) {
          const std::int64_t n = in_group * inner;
          float* y = args.f32_out() + group * n;
          table.layer_norm(1, n, args.f32_in(0) + group * n, nullptr, nullptr, eps, y);
          for (std::int64_t i = 0; i < in_group; ++i, y += inner) {
            const std::int64_t channel = group % groups * in_group + i;
            table.binary(Binary::mul, Operand::scalar, inner, y, args.f32_in(1) + channel, y);
            table.binary(Binary::add, Operand::scalar, inner, y, args.f32_in(2) + channel, y);
          }
        }
      });
    };
    return {.run = run, .algorithm = "rows"};
  };
  return {.compile = compile, .in_place = true};
}

}  // namespace frugal
