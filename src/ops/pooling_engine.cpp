#include "ops/pooling_engine.h"

#include "graph/op.h"

namespace frugal {
namespace {

PoolArgs planes_of(const NodeContext& c, Pool kind) {
  const Shape &x = c.in(0).shape, &y = c.out().shape;
  const std::int64_t block = c.in(0).block;
  PoolArgs a{};
  a.kind = kind;
  a.batch = x[0], a.channels = (x[1] + block - 1) / block, a.lanes = block;
  a.in_h = x[2], a.in_w = x[3], a.out_h = y[2], a.out_w = y[3];
  a.kernel_h = x[2], a.kernel_w = x[3];
  a.stride_h = a.stride_w = a.dilation_h = a.dilation_w = 1;
  return a;
}

CompiledOp bind_bytes(const NodeContext& c, const PoolArgs& pool) {
  const KernelTable& table = pool.lanes == c.kernels.channel_block ? c.kernels : kernels(Isa::scalar);
  auto run = [pool, kernel = table.int8.max_pool](const RunArgs& args) {
    args.pool.parallel_for(pool.batch * pool.channels * pool.out_h, 1, [&](std::int64_t begin, std::int64_t end, int) {
      kernel(pool, static_cast<const std::uint8_t*>(args.in[0]), static_cast<std::uint8_t*>(args.out[0]), begin, end);
    });
  };
  return {.run = run, .algorithm = pool.lanes > 1 ? "blocked" : "plain"};
}

CompiledOp bind(const NodeContext& c, const PoolArgs& pool) {
  if (c.in(0).dtype == DType::u8) return bind_bytes(c, pool);
  auto run = [pool, kernel = c.kernels.pool](const RunArgs& args) {
    PoolArgs a = pool;
    a.in = args.f32_in(0);
    a.out = args.f32_out();
    args.pool.parallel_for(a.batch * a.channels * a.out_h, 1,
                           [&](std::int64_t begin, std::int64_t end, int) { kernel(a, begin, end); });
  };
  return {.run = run, .algorithm = pool.lanes > 1 ? "blocked" : "plain"};
}

}  // namespace

CompiledOp compile_pooling(const NodeContext& c, Pool kind) {
  const Ints kernel = attr_ints(c.node, "kernel"), stride = attr_ints(c.node, "stride"),
             pad = attr_ints(c.node, "padding"), dilation = attr_ints(c.node, "dilation");
  PoolArgs a = planes_of(c, kind);
  a.kernel_h = kernel[0], a.kernel_w = kernel[1], a.stride_h = stride[0], a.stride_w = stride[1];
  a.pad_top = pad[0], a.pad_left = pad[1], a.pad_bottom = pad[2], a.pad_right = pad[3];
  a.dilation_h = dilation[0], a.dilation_w = dilation[1];
  return bind(c, a);
}

CompiledOp compile_global_pooling(const NodeContext& c, Pool kind) { return bind(c, planes_of(c, kind)); }

bool pooling_can_block(const NodeContext& c, int block) { return block == c.kernels.channel_block; }

}  // namespace frugal
