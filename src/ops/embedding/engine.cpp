#include <algorithm>
#include <limits>

#include "engine/engine_op.h"
#include "kernels/block_units.h"
#include "ops/activation.h"
#include "ops/block_layer.h"
#include "tensor/block_types.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const std::int64_t rows = element_count(c.in(0).shape), known = c.in(1).shape[0], width = c.in(1).shape[1];
  const bool wide = c.in(0).dtype == DType::i64, blocks = has_block_form(c.in(1).dtype);
  // The form that a linear layer with the same weight reads: one copy serves both. A table of its own is read as it is.
  const bool packed = blocks && c.packs;
  const BlockWeight table = packed ? block_weight(c, 1) : BlockWeight{};
  const DType type = c.in(1).dtype;
  const std::size_t row_bytes = byte_size(type, {width});
  auto run = [=](const RunArgs& args) {
    auto id = [&](std::int64_t i) -> std::int64_t {
      return wide ? static_cast<const std::int64_t*>(args.in[0])[i] : static_cast<const std::int32_t*>(args.in[0])[i];
    };
    const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(1, width));
    args.pool.parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) {
        float* out = args.f32_out() + i * width;
        const bool there = id(i) >= 0 && id(i) < known;
        if (there && packed)
          block_row(table.plan, table.data(), id(i), out);
        else if (there && blocks)
          dequantize_row(type, static_cast<const std::byte*>(args.in[1]) + static_cast<std::size_t>(id(i)) * row_bytes,
                         width, out);
        else if (there)
          std::copy_n(args.f32_in(1) + id(i) * width, width, out);
        else
          std::fill_n(out, width, std::numeric_limits<float>::quiet_NaN());
      }
    });
  };
  return {.run = run, .algorithm = blocks ? "dequantized" : "copy", .weight_unread = packed};
}

}  // namespace

FRUGAL_ENGINE(embedding) { registry.add("embedding", {.compile = compile, .packs_weight = true}); }

}  // namespace frugal
