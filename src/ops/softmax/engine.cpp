#include <algorithm>
#include <array>

#include "engine/engine_op.h"
#include "graph/op.h"
#include "ops/activation.h"
#include "ops/axis.h"

namespace frugal {
namespace {

constexpr std::int64_t kColumns = 256;

// [size, columns] with rows `stride` apart, normalised down each column. In and out may be the same.
void softmax_columns(const KernelTable& k, std::int64_t size, std::int64_t stride, std::int64_t columns,
                     const float* in, float* out) {
  alignas(64) std::array<float, kColumns> largest, total;
  std::copy_n(in, columns, largest.data());
  for (std::int64_t i = 1; i < size; ++i)
    k.binary(Binary::max, Operand::full, columns, in + i * stride, largest.data(), largest.data());
  std::fill_n(total.data(), columns, 0.0f);
  for (std::int64_t i = 0; i < size; ++i) {
    float* y = out + i * stride;
    k.binary(Binary::sub, Operand::full, columns, in + i * stride, largest.data(), y);
    k.activate(columns, y, y, {.kind = Activation::exp});
    k.binary(Binary::add, Operand::full, columns, total.data(), y, total.data());
  }
  for (std::int64_t i = 0; i < size; ++i)
    k.binary(Binary::div, Operand::full, columns, out + i * stride, total.data(), out + i * stride);
}

CompiledOp compile(const NodeContext& c) {
  const AxisView view = axis_view(c.in(0).shape, attr_int(c.node, "axis"));
  const KernelTable& table = c.kernels;
  if (view.outer * view.size * view.inner == 0) return {.run = [](const RunArgs&) {}, .algorithm = "empty"};
  const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / view.size / std::min(view.inner, kColumns));
  auto rows = [=, &table](const RunArgs& args) {
    args.pool.parallel_for(view.outer, grain, [&](std::int64_t begin, std::int64_t end, int) {
      table.softmax(end - begin, view.size, args.f32_in(0) + begin * view.size, args.f32_out() + begin * view.size);
    });
  };
  auto columns = [=, &table](const RunArgs& args) {
    const std::int64_t strips = (view.inner + kColumns - 1) / kColumns;
    args.pool.parallel_for(view.outer * strips, grain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t item = begin; item < end; ++item) {
        const std::int64_t first = item % strips * kColumns, at = item / strips * view.size * view.inner + first;
        softmax_columns(table, view.size, view.inner, std::min(kColumns, view.inner - first), args.f32_in(0) + at,
                        args.f32_out() + at);
      }
    });
  };
  if (view.inner == 1) return {.run = rows, .algorithm = "rows"};
  return {.run = columns, .algorithm = "columns"};
}

}  // namespace

FRUGAL_ENGINE(softmax) { registry.add("softmax", {.compile = compile, .in_place = true}); }

}  // namespace frugal
