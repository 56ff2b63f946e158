#include "base/check.h"
#include "engine/engine_op.h"
#include "kernels/block_units.h"
#include "kernels/gemm.h"
#include "ops/bf16_layer.h"
#include "ops/block_layer.h"
#include "ops/layer_engine.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const std::int64_t k = c.in(1).shape[1], n = c.in(1).shape[0], outputs = element_count(c.out().shape);
  if (outputs == 0) return {.run = [](const RunArgs&) {}, .algorithm = "empty"};
  if (has_block_form(c.in(1).dtype)) return compile_block_linear(c);
  const std::int64_t m = outputs / n;
  if (std::optional<CompiledOp> rounded = compile_bf16_layer(c, rows_shape(m, k, n), true)) return *std::move(rounded);
  const KernelTable& table = c.kernels;
  const std::int64_t scratch = gemm_scratch_floats(table, k, c.threads), packed = gemm_packed_floats(table, n, k);
  Tensor weights;  // packed now if they are known, else in every run
  if (c.constants[1]) {
    weights = c.packed(1, fmt::format("linear {}", name(table.isa)), [&] {
      Tensor made(DType::f32, {packed});
      ThreadPool one(1);
      gemm_pack(table, c.pool ? *c.pool : one, n, k, c.constants[1]->data<float>(), k, true, made.data<float>());
      return made;
    });
  }
  const FusedStore store(c, 2);
  auto run = [=, &table](const RunArgs& args) {
    auto* space = reinterpret_cast<float*>(args.scratch);
    const float* b = weights.defined() ? weights.data<float>() : space + scratch;
    if (!weights.defined()) gemm_pack(table, args.pool, n, k, args.f32_in(1), k, true, space + scratch);
    gemm_run(table, args.pool, {m, n, k, args.f32_in(0), k, b, args.f32_out(), n, store(args), false}, space);
  };
  const std::int64_t floats = scratch + (weights.defined() ? 0 : packed);
  return {.run = run,
          .scratch_bytes = static_cast<std::size_t>(floats) * sizeof(float),
          .algorithm = "gemm",
          .weight_unread = weights.defined()};
}

}  // namespace

FRUGAL_ENGINE(linear) {
  registry.add("linear", {.compile = compile, .packs_weight = true, .fuses_activation = true, .fuses_residual = true});
}

}  // namespace frugal
