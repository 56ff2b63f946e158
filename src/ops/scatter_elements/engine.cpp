#include <cstring>

#include "graph/op.h"
#include "kernels/typed.h"
#include "ops/gather.h"
#include "ops/layout.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const Shape &x = c.in(0).shape, shape = c.in(1).shape, strides = dense_strides(x);
  const std::int64_t wanted = attr_int(c.node, "axis");
  const auto axis = static_cast<std::size_t>(wanted < 0 ? wanted + static_cast<std::int64_t>(x.size()) : wanted);
  const DType type = c.out().dtype, index_type = c.in(1).dtype;
  const std::int64_t n = element_count(shape), size = x[axis], bytes = dtype_info(type).block_bytes;
  auto run = [=, all = c.out().bytes(), reduction = scatter_reduction(c.node)](const RunArgs& args) {
    auto* out = static_cast<std::byte*>(args.out[0]);
    if (out != args.in[0] && all) std::memcpy(out, args.in[0], all);
    const Indices indices(index_type, args.in[1]);
    for (std::int64_t i = 0; i < n; ++i) {  // in order: updates of one place meet each other
      const std::int64_t at = indices.at(i, size);
      if (at < 0) continue;
      std::byte* to = out + (offset_without(shape, strides, i, axis) + at * strides[axis]) * bytes;
      const std::byte* update = static_cast<const std::byte*>(args.in[2]) + i * bytes;
      if (reduction)
        binary_typed(*reduction, type, 1, to, 0, update, 0, to);
      else
        std::memcpy(to, update, static_cast<std::size_t>(bytes));
    }
  };
  return {.run = run, .algorithm = "copy"};
}

}  // namespace

FRUGAL_ENGINE(scatter_elements) { registry.add("scatter_elements", {.compile = compile, .in_place = true}); }

}  // namespace frugal
