#include "ops/int8_layer.h"

#include <algorithm>

#include "base/check.h"

namespace frugal {

CompiledOp compile_int8_layer(const NodeContext& c, Int8Plan plan) {
  if (element_count(c.out().shape) == 0) return {.run = [](const RunArgs&) {}, .algorithm = "empty"};
  require(c.constants[1] && c.constants[2] && (!c.has(3) || c.constants[3]) && (!c.has(7) || c.constants[7]),
          "weight, its zero points, scale and bias must be weights of the model");
  const bool dynamic = c.has(5);  // the zero point of x is known at run time only
  // So is the scale, of all rows or of each.
  const bool one_scale = c.has(6) && element_count(c.in(6).shape) == 1, row_scales = c.has(6) && !one_scale;
  // With a zero of -1, the sums' starts that are packed are the sums of weights.
  plan.in_zero = dynamic ? -1 : static_cast<std::int32_t>(attr_int(c.node, "x_zero"));
  const bool weight_zeros = c.has(7);
  require(int8_fits(*plan.table, plan.shape, weight_zeros), "this shape is too large for 8-bit sums");
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
  // Scratch of the kernel, then starts and multipliers of the channels, sums under the windows and of the pixels.
  const Conv2dShape& shape = plan.shape;
  const std::int64_t windows = weight_zeros ? shape.batch * shape.out_h * shape.out_w : 0,
                     pixels = weight_zeros ? shape.batch * shape.in_h * shape.in_w : 0;
  Tensor zeros;  // padded to whole blocks
  if (weight_zeros) {
    zeros = Tensor(DType::i32, {channels});
    std::copy_n(c.constants[7]->data<std::int32_t>(), c.constants[7]->numel(), zeros.data<std::int32_t>());
  }
  auto run = [=, kept = store](const RunArgs& args) {  // `epilogue` points into it
    Int8Epilogue e = epilogue;
    set_residual(args, 4, e);
    Int8Plan now = plan;
    Int8Zeros at_run;
    auto* starts = reinterpret_cast<std::int32_t*>(args.scratch + scratch);
    if (dynamic) {
      now.in_zero = *static_cast<const std::uint8_t*>(args.in[5]);
      for (std::int64_t o = 0; o < channels; ++o)
        starts[o] = -now.in_zero * static_cast<const std::int32_t*>(packed.raw())[o];
      at_run.starts = starts;
    }
    auto* multiplier = reinterpret_cast<float*>(starts + channels);
    if (one_scale) {
      for (std::int64_t o = 0; o < channels; ++o) multiplier[o] = e.multiplier[o] * *args.f32_in(6);
      e.multiplier = multiplier;
    }
    if (row_scales) e.row_scale = args.f32_in(6);
    const auto* in = static_cast<const std::uint8_t*>(args.in[0]);
    if (weight_zeros) {
      auto* sums = reinterpret_cast<std::int32_t*>(multiplier + channels);
      int8_window_sums(now, args.pool, in, sums, sums + windows);
      at_run.weight_zero = zeros.data<std::int32_t>(), at_run.window_sums = sums;
    }
    int8_run(now, args.pool, in, static_cast<const std::uint8_t*>(packed.raw()), args.out[0], e,
             reinterpret_cast<std::uint8_t*>(args.scratch), at_run);
  };
  const bool extra = dynamic || one_scale || weight_zeros;
  return {.run = run,
          .scratch_bytes = static_cast<std::size_t>(scratch + (extra ? 8 * channels + 4 * (windows + pixels) : 0)),
          .algorithm = int8_depthwise(plan) ? "depthwise" : int8_instruction(plan),
          .packed_bytes = store.multiplier.bytes() + store.bias.bytes()};
}

}  // namespace frugal
