#include <algorithm>
#include <array>
#include <cmath>

#include "graph/op.h"
#include "ops/activation.h"
#include "ops/axis.h"

namespace frugal {
namespace {

constexpr std::int64_t kPiece = 256;

void row(const KernelTable& k, std::int64_t n, const float* in, float* out) {
  alignas(64) std::array<float, kPiece> shifted;
  const float top = k.reduce(Reduce::max, n, in);
  float total = 0;
  for (std::int64_t i = 0; i < n; i += kPiece) {
    const std::int64_t count = std::min(kPiece, n - i);
    k.binary(Binary::sub, Operand::scalar, count, in + i, &top, shifted.data());
    k.activate(count, shifted.data(), shifted.data(), {.kind = Activation::exp});
    total += k.reduce(Reduce::sum, count, shifted.data());
  }
  const float shift = std::log(total);
  k.binary(Binary::sub, Operand::scalar, n, in, &top, out);
  k.binary(Binary::sub, Operand::scalar, n, out, &shift, out);
}

// [size, columns <= kPiece] with rows `stride` apart, down each column. In and out may be the same.
void columns(const KernelTable& k, std::int64_t size, std::int64_t stride, std::int64_t n, const float* in,
             float* out) {
  alignas(64) std::array<float, kPiece> top, total, e;
  std::copy_n(in, n, top.data());
  for (std::int64_t i = 1; i < size; ++i)
    k.binary(Binary::max, Operand::full, n, in + i * stride, top.data(), top.data());
  std::fill_n(total.data(), n, 0.0f);
  for (std::int64_t i = 0; i < size; ++i) {
    k.binary(Binary::sub, Operand::full, n, in + i * stride, top.data(), out + i * stride);
    k.activate(n, out + i * stride, e.data(), {.kind = Activation::exp});
    k.binary(Binary::add, Operand::full, n, total.data(), e.data(), total.data());
  }
  k.activate(n, total.data(), total.data(), {.kind = Activation::log});
  for (std::int64_t i = 0; i < size; ++i)
    k.binary(Binary::sub, Operand::full, n, out + i * stride, total.data(), out + i * stride);
}

CompiledOp compile(const NodeContext& c) {
  const AxisView view = axis_view(c.in(0).shape, attr_int(c.node, "axis"));
  if (view.outer * view.size * view.inner == 0) return {.run = [](const RunArgs&) {}, .algorithm = "empty"};
  const std::int64_t strips = (view.inner + kPiece - 1) / kPiece,
                     grain = std::max<std::int64_t>(1, kElementGrain / view.size / std::min(view.inner, kPiece));
  auto run = [=, &table = c.kernels](const RunArgs& args) {
    args.pool.parallel_for(view.outer * strips, grain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t item = begin; item < end; ++item) {
        const std::int64_t first = item % strips * kPiece, at = item / strips * view.size * view.inner + first;
        if (view.inner == 1)
          row(table, view.size, args.f32_in(0) + at, args.f32_out() + at);
        else
          columns(table, view.size, view.inner, std::min(kPiece, view.inner - first), args.f32_in(0) + at,
                  args.f32_out() + at);
      }
    });
  };
  return {.run = run, .algorithm = view.inner == 1 ? "rows" : "columns"};
}

}  // namespace

FRUGAL_ENGINE(log_softmax) { registry.add("log_softmax", {.compile = compile, .in_place = true}); }

}  // namespace frugal
