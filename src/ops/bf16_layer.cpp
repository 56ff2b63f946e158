#include "ops/bf16_layer.h"

#include <algorithm>

#include "base/check.h"
#include "graph/op.h"
#include "kernels/bf16.h"

namespace frugal {

std::optional<CompiledOp> compile_bf16_layer(const NodeContext& c, const Conv2dShape& shape, bool row_major,
                                             bool transposed) {
  if (!c.bf16 || !c.constants[1] || !bf16_fits(c.kernels, shape)) return std::nullopt;
  const Bf16Plan plan{&c.kernels, shape, row_major};
  const std::string kind = fmt::format("bf16 {} {} {}", name(c.kernels.isa), shape.groups, transposed);
  const Tensor packed = c.packed(1, kind, [&] {
    const float* weights = c.constants[1]->data<float>();
    std::vector<float> turned;
    if (transposed) {
      for (std::int64_t o = 0; o < shape.out_c; ++o)
        for (std::int64_t i = 0; i < shape.in_c; ++i) turned.push_back(weights[i * shape.out_c + o]);
      weights = turned.data();
    }
    const std::vector<std::uint16_t> halves = bf16_pack(plan, weights);
    Tensor made(DType::bf16, {static_cast<std::int64_t>(halves.size())});
    std::copy(halves.begin(), halves.end(), static_cast<std::uint16_t*>(made.raw()));
    return made;
  });
  const FusedStore store(c, c.node.op->inputs.size() > 2 ? 2 : FusedStore::kNoBias);
  auto run = [=](const RunArgs& args) {
    bf16_run(plan, args.pool, args.f32_in(0), static_cast<const std::uint16_t*>(packed.raw()), args.f32_out(),
             store(args), reinterpret_cast<std::uint8_t*>(args.scratch));
  };
  return CompiledOp{.run = run,
                    .scratch_bytes = static_cast<std::size_t>(bf16_scratch_bytes(plan, c.threads)),
                    .algorithm = c.kernels.bf16.instruction,
                    .weight_unread = true};
}

}  // namespace frugal
