#include "kernels/conv2d.h"

#include "base/check.h"
#include "engine/engine_op.h"
#include "graph/op.h"
#include "ops/bf16_layer.h"
#include "ops/layer_engine.h"

namespace frugal {
namespace {

// The first algorithm, hence the one expected to be fastest, that takes and makes these layouts. The choice is the
// one for two threads, however many there are: results do not depend on their number.
std::optional<Conv2dPlan> plan_for(const NodeContext& c, int in_block, int out_block) {
  const int block = c.kernels.channel_block;
  for (ConvAlgorithm algorithm : conv2d_algorithms(c.kernels, convolution_shape(c), {2, c.winograd})) {
    Conv2dPlan plan{&c.kernels, convolution_shape(c), algorithm};
    if ((plan.blocked_input() ? block : 1) == in_block && (plan.blocked_output() ? block : 1) == out_block) return plan;
  }
  return std::nullopt;
}

CompiledOp compile(const NodeContext& c) {
  const std::optional<Conv2dPlan> found = plan_for(c, c.in(0).block, c.out().block);
  FRUGAL_ASSERT(found.has_value());
  const Conv2dPlan plan = *found;
  // Winograd's F(4x4) multiplies 4 times less, bfloat16 is twice as fast.
  if (plan.algorithm == ConvAlgorithm::direct || plan.algorithm == ConvAlgorithm::winograd_2)
    if (std::optional<CompiledOp> rounded = compile_bf16_layer(c, plan.shape, false)) return *std::move(rounded);
  const std::int64_t scratch = conv2d_scratch_floats(plan, c.threads), packed = conv2d_packed_floats(plan);
  Tensor weights;  // packed now if they are known, else in every run
  if (c.constants[1]) {
    const std::string kind =
        fmt::format("conv2d {} {} {}", name(plan.algorithm), name(c.kernels.isa), plan.shape.groups);
    weights = c.packed(1, kind, [&] {
      Tensor made(DType::f32, {packed});
      conv2d_pack(plan, c.constants[1]->data<float>(), made.data<float>(), c.pool);
      return made;
    });
  }
  const FusedStore store(c, 2);
  auto run = [plan, store, weights, scratch](const RunArgs& args) {
    auto* space = reinterpret_cast<float*>(args.scratch);
    const float* packed_weights = weights.defined() ? weights.data<float>() : space + scratch;
    if (!weights.defined()) conv2d_pack(plan, args.f32_in(1), space + scratch, &args.pool);
    conv2d_run(plan, args.pool, args.f32_in(0), packed_weights, args.f32_out(), store(args), space);
  };
  const std::int64_t floats = scratch + (weights.defined() ? 0 : packed);
  return {.run = run,
          .scratch_bytes = static_cast<std::size_t>(floats) * sizeof(float),
          .algorithm = std::string(name(plan.algorithm)),
          .weight_unread = weights.defined()};
}

// A weight that is computed is packed from the plain layout.
bool can_block(const NodeContext& c, int block) { return c.in(1).block == 1 && plan_for(c, block, block).has_value(); }

// Beyond a few channels the tap-by-tap first-layer kernel is slower than a reorder and the direct one.
bool plain_input_ok(const NodeContext& c, int block) {
  return c.in(0).shape[1] <= 8 && plan_for(c, 1, block).has_value();
}

}  // namespace

FRUGAL_ENGINE(conv2d) {
  registry.add(
      "conv2d",
      {.compile = compile,
       .packs_weight = true,
       .fuses_activation = true,
       .fuses_residual = true,
       .fuses_channel_slopes = true,
       .can_block = can_block,
       .plain_input_ok = plain_input_ok,
       .prefers_plain = [](const NodeContext& c) { return conv2d_prefers_pixels(c.kernels, convolution_shape(c)); },
       .prefers_blocked = true});
}

}  // namespace frugal
