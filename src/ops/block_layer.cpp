#include "ops/block_layer.h"

#include "base/check.h"
#include "tensor/slab.h"

namespace frugal {

BlockWeight block_weight(const NodeContext& c, std::size_t i) {
  const StoredType& type = c.in(i);
  if (!c.constants[i]) fail("a weight of {} must be a weight of the model, not computed", name(type.dtype));
  BlockWeight out{{&block_linear_table(c.kernels.isa), type.dtype, type.shape[0], type.shape[1]}, {}};
  out.packed = c.packed(i, fmt::format("blocks of {}", block_linear_table(c.kernels.isa).panel), [&] {
    Tensor made = slab_tensor(block_packed_bytes(out.plan));
    ThreadPool one(1);
    block_pack(out.plan, c.pool ? *c.pool : one, c.constants[i]->raw(), made.data<std::uint8_t>());
    return made;
  });
  return out;
}

CompiledOp compile_block_linear(const NodeContext& c) {
  struct Layer {
    BlockWeight weight;
    FusedStore store;
  };
  std::vector<Layer> layers;
  for (std::size_t i = 0; i < c.outputs.size(); ++i) {
    NodeContext one = c;
    if (!c.epilogues.empty()) one.epilogue = c.epilogues[i];
    layers.push_back({block_weight(c, 2 * i + 1), FusedStore(one, static_cast<int>(2 * i + 2))});
  }
  const std::int64_t k = c.in(0).shape.back();
  std::int64_t rows = 1;
  for (std::size_t d = 0; d + 1 < c.in(0).shape.size(); ++d) rows *= c.in(0).shape[d];
  const bool quantized = c.int8;
  std::vector<BlockLinearOutput> calls;
  for (const Layer& layer : layers) calls.push_back({layer.weight.plan, layer.weight.data(), nullptr, {}});
  auto run = [=](const RunArgs& args) mutable {
    for (std::size_t i = 0; i < calls.size(); ++i)
      calls[i].out = args.f32_out(i), calls[i].epilogue = layers[i].store(args);
    block_linear_run(args.pool, rows, k, args.f32_in(0), quantized, calls,
                     reinterpret_cast<std::uint8_t*>(args.scratch));
  };
  const std::string how = quantized ? block_linear_table(c.kernels.isa).instruction : "dequantized";
  return {.run = run,
          .scratch_bytes = quantized ? static_cast<std::size_t>(block_linear_scratch_bytes(rows, k, c.threads)) : 0,
          .algorithm = fmt::format("{} {}", how, name(c.in(1).dtype)),
          .weight_unread = true};
}

}  // namespace frugal
