#include "ops/int8_layer.h"

#include "base/check.h"

namespace frugal {

CompiledOp compile_int8_layer(const NodeContext& c, Int8Plan plan) {
  if (element_count(c.out().shape) == 0) return {.run = [](const RunArgs&) {}, .algorithm = "empty"};
  require(c.constants[1] && c.constants[2] && (!c.has(3) || c.constants[3]),
          "weight, scale and bias must be weights of the model");
  const bool dynamic = c.has(5);  // zero point and scale of x are known at run time only
  // With a zero of -1, the sums' starts that are packed are the sums of weights.
  plan.in_zero = dynamic ? -1 : static_cast<std::int32_t>(attr_int(c.node, "x_zero"));
  require(int8_fits(*plan.table, plan.shape), "this shape is too large for 8-bit sums");
  plan.words = int8_prefers_words(plan, c.constants[1]->data<std::int8_t>());
  const auto floats = [&](std::size_t i) {
    const float* data = c.constants[i]->data<float>();
    return std::vector<float>(data, data + c.constants[i]->numel());
  };
  const Int8Store store =
      int8_store(c, floats(2), c.has(3) ? floats(3) : std::vector<float>{}, plan.table->channel_block);
  Int8Epilogue epilogue = store.epilogue;
  if (c.has(4)) epilogue.residual_is_float = c.in(4).dtype == DType::f32;
  const std::string kind =
      fmt::format("int8 {} {} {} {}", name(plan.table->isa), plan.shape.groups, plan.in_zero, plan.row_major);
  const Tensor packed = c.packed(1, kind, [&] {
    const std::vector<std::uint8_t> bytes = int8_pack(plan, c.constants[1]->data<std::int8_t>());
    return Tensor::from(Shape{static_cast<std::int64_t>(bytes.size())}, bytes);
  });
  const std::int64_t scratch = int8_scratch_bytes(plan, c.threads), channels = store.multiplier.numel();
  auto run = [plan, epilogue, store, packed, dynamic, scratch, channels](const RunArgs& args) {
    Int8Epilogue e = epilogue;
    set_residual(args, 4, e);
    std::int32_t* starts = nullptr;
    if (dynamic) {
      const std::int32_t zero = *static_cast<const std::uint8_t*>(args.in[5]);
      const float scale = args.in.size() > 6 && args.in[6] ? *args.f32_in(6) : 1;
      starts = reinterpret_cast<std::int32_t*>(args.scratch + scratch);
      auto* multiplier = reinterpret_cast<float*>(starts + channels);
      for (std::int64_t o = 0; o < channels; ++o) {
        starts[o] = -zero * static_cast<const std::int32_t*>(packed.raw())[o];
        multiplier[o] = e.multiplier[o] * scale;
      }
      e.multiplier = multiplier;
    }
    int8_run(plan, args.pool, static_cast<const std::uint8_t*>(args.in[0]),
             static_cast<const std::uint8_t*>(packed.raw()), args.out[0], e,
             reinterpret_cast<std::uint8_t*>(args.scratch), starts);
  };
  return {.run = run,
          .scratch_bytes = static_cast<std::size_t>(scratch + (dynamic ? 8 * channels : 0)),
          .algorithm = int8_depthwise(plan) ? "depthwise" : int8_instruction(plan),
          .packed_bytes = store.multiplier.bytes() + store.bias.bytes()};
}

}  // namespace frugal
