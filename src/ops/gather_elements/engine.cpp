#include <cstring>

#include "graph/op.h"
#include "ops/activation.h"
#include "ops/gather.h"
#include "ops/layout.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const Shape &x = c.in(0).shape, shape = c.out().shape, strides = dense_strides(x);
  const std::int64_t wanted = attr_int(c.node, "axis");
  const auto axis = static_cast<std::size_t>(wanted < 0 ? wanted + static_cast<std::int64_t>(x.size()) : wanted);
  const DType type = c.out().dtype, index_type = c.in(1).dtype;
  const std::int64_t n = element_count(shape), size = x[axis], bytes = dtype_info(type).block_bytes;
  auto run = [=](const RunArgs& args) {
    const Indices indices(index_type, args.in[1]);
    args.pool.parallel_for(n, kElementGrain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t at = indices.at(i, size);
        std::byte* to = static_cast<std::byte*>(args.out[0]) + i * bytes;
        const std::int64_t from = offset_without(shape, strides, i, axis) + at * strides[axis];
        if (at < 0)
          fill_outside(type, 1, to);
        else
          std::memcpy(to, static_cast<const std::byte*>(args.in[0]) + from * bytes, static_cast<std::size_t>(bytes));
      }
    });
  };
  return {.run = run, .algorithm = "copy"};
}

}  // namespace

FRUGAL_ENGINE(gather_elements) { registry.add("gather_elements", {.compile = compile}); }

}  // namespace frugal
