#include "ops/int8_layer.h"

#include "base/check.h"

namespace frugal {

CompiledOp compile_int8_layer(const NodeContext& c, Int8Plan plan) {
  if (element_count(c.out().shape) == 0) return {.run = [](const RunArgs&) {}, .algorithm = "empty"};
  require(c.constants[1] && c.constants[2] && (!c.has(3) || c.constants[3]),
          "weight, scale and bias must be weights of the model");
  plan.in_zero = static_cast<std::int32_t>(attr_int(c.node, "x_zero"));
  require(int8_fits(*plan.table, plan.shape), "this shape is too large for 8-bit sums");
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
  auto run = [plan, epilogue, store, packed](const RunArgs& args) {
    Int8Epilogue e = epilogue;
    set_residual(args, 4, e);
    int8_run(plan, args.pool, static_cast<const std::uint8_t*>(args.in[0]),
             static_cast<const std::uint8_t*>(packed.raw()), args.out[0], e,
             reinterpret_cast<std::uint8_t*>(args.scratch));
  };
  return {.run = run,
          .scratch_bytes = static_cast<std::size_t>(int8_scratch_bytes(plan, c.threads)),
          .algorithm = int8_depthwise(plan) ? "depthwise" : plan.table->int8.dense.instruction,
          .packed_bytes = store.multiplier.bytes() + store.bias.bytes()};
}

}  // namespace frugal
