#include <algorithm>

#include "ops/quantization.h"

namespace frugal {
namespace {

// Straight from a plain picture to blocked bytes.
CompiledOp compile_to_blocked(const NodeContext& c) {
  const Shape& x = c.in(0).shape;
  const std::int64_t channels = x[1], pixels = x[2] * x[3], block = c.out().block,
                     blocks = (channels + block - 1) / block, images = x[0];
  auto run = [=, kernel = c.kernels.int8.quantize_to_blocked](const RunArgs& args) {
    const float scale = args.f32_in(1)[0];
    const std::int32_t zero = args.in.size() > 2 && args.in[2] ? *static_cast<const std::uint8_t*>(args.in[2]) : 0;
    args.pool.parallel_for(images * blocks, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i)
        kernel(channels, pixels, args.f32_in(0) + i / blocks * channels * pixels,
               static_cast<std::uint8_t*>(args.out[0]) + i / blocks * blocks * pixels * block, scale, zero, i % blocks,
               i % blocks + 1);
    });
  };
  return {.run = run, .algorithm = "to_blocked"};
}

CompiledOp compile(const NodeContext& c) {
  if (c.out().block != c.in(0).block) return compile_to_blocked(c);
  const ScaleRows rows = scale_rows(c);
  const std::int32_t low = lowest(c.out().dtype);
  auto run = [rows, low, kernel = c.kernels.int8.quantize](const RunArgs& args) {
    constexpr std::int64_t kGrain = 1 << 12;
    const bool has_zero = args.in.size() > 2 && args.in[2];
    for (std::int64_t row = 0; row < rows.outer * rows.channels; ++row) {
      const std::int64_t channel = row % rows.channels, at = row * rows.inner;
      std::int32_t zero = 0;
      if (has_zero)
        zero = low < 0 ? static_cast<const std::int8_t*>(args.in[2])[channel]
                       : static_cast<const std::uint8_t*>(args.in[2])[channel];
      args.pool.parallel_for(rows.inner, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
        kernel(end - begin, args.f32_in(0) + at + begin, static_cast<std::uint8_t*>(args.out[0]) + at + begin,
               args.f32_in(1)[channel], zero, low);
      });
    }
  };
  return {.run = run, .algorithm = "elementwise"};
}

bool can_block(const NodeContext& c, int block) {
  return block == c.kernels.channel_block && c.out().dtype == DType::u8 && element_count(c.in(1).shape) == 1;
}

}  // namespace

FRUGAL_ENGINE(quantize_linear) {
  registry.add("quantize_linear", {.compile = compile, .can_block = can_block, .plain_input_ok = can_block});
}

}  // namespace frugal
