#include "ops/quantization.h"

namespace frugal {
namespace {

std::int32_t zero_at(const void* zeros, DType type, std::int64_t i) {
  if (!zeros) return 0;
  if (type == DType::i32) return static_cast<const std::int32_t*>(zeros)[i];
  return type == DType::i8 ? static_cast<const std::int8_t*>(zeros)[i] : static_cast<const std::uint8_t*>(zeros)[i];
}

CompiledOp compile(const NodeContext& c) {
  const ScaleRows rows = scale_rows(c);
  const DType type = c.in(0).dtype;
  const bool has_zero = c.has(2);
  auto run = [rows, type, has_zero, kernel = c.kernels.int8.dequantize](const RunArgs& args) {
    constexpr std::int64_t kGrain = 1 << 12;
    for (std::int64_t row = 0; row < rows.outer * rows.channels; ++row) {
      const std::int64_t channel = row % rows.channels, at = row * rows.inner;
      const std::int32_t zero = zero_at(has_zero ? args.in[2] : nullptr, type, channel);
      const float scale = args.f32_in(1)[channel];
      args.pool.parallel_for(rows.inner, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
        float* out = args.f32_out() + at;
        if (type == DType::i32) {
          const auto* in = static_cast<const std::int32_t*>(args.in[0]) + at;
          for (std::int64_t i = begin; i < end; ++i)
            out[i] = static_cast<float>(static_cast<std::int64_t>(in[i]) - zero) * scale;
        } else {
          kernel(end - begin, static_cast<const std::uint8_t*>(args.in[0]) + at + begin, out + begin, scale, zero,
                 lowest(type));
        }
      });
    }
  };
  return {.run = run, .algorithm = "elementwise"};
}

bool can_block(const NodeContext& c, int block) {
  return block == c.kernels.channel_block && c.in(0).dtype == DType::u8 && element_count(c.in(1).shape) == 1;
}

}  // namespace

FRUGAL_ENGINE(dequantize_linear) { registry.add("dequantize_linear", {.compile = compile, .can_block = can_block}); }

}  // namespace frugal
