#include <vector>

#include "engine/engine_op.h"
#include "graph/op.h"
#include "kernels/gemm.h"
#include "ops/bf16_layer.h"
#include "ops/layer_engine.h"

namespace frugal {
namespace {

struct Product {
  std::int64_t a, b;  // offsets of the two matrices, in elements
};

// The pairs of matrices to multiply, in the order of the outputs.
std::vector<Product> products(const Shape& a, const Shape& b, const Shape& out) {
  const std::size_t batch_dims = out.size() - 2;
  std::vector<Product> pairs{{0, 0}};
  // From the innermost batch dim outwards; what is there already is repeated
  // for every step of the next one.
  std::int64_t a_step = a[a.size() - 1] * a[a.size() - 2], b_step = b[b.size() - 1] * b[b.size() - 2];
  for (std::size_t i = 0; i < batch_dims; ++i) {
    auto dim = [i](const Shape& s) { return i + 2 < s.size() ? s[s.size() - 3 - i] : 1; };
    const std::vector<Product> inner = std::move(pairs);
    pairs.clear();
    for (std::int64_t step = 0; step < out[batch_dims - 1 - i]; ++step)
      for (const Product& p : inner)
        pairs.push_back({p.a + (dim(a) == 1 ? 0 : step * a_step), p.b + (dim(b) == 1 ? 0 : step * b_step)});
    a_step *= dim(a), b_step *= dim(b);
  }
  return pairs;
}

CompiledOp compile(const NodeContext& c) {
  const Shape &a = c.in(0).shape, &b = c.in(1).shape, &y = c.out().shape;
  const bool transposed = attr_flag(c.node, "transpose_b");
  const std::int64_t n = y.back(), k = a.back(), ldb = b.back();
  if (element_count(y) == 0) return {.run = [](const RunArgs&) {}, .algorithm = "empty"};  // before pairs are listed
  std::int64_t m = y[y.size() - 2];
  std::vector<Product> pairs = products(a, b, y);
  const bool one_b = element_count({b.begin(), b.end() - 2}) == 1;
  if (one_b && y.size() == a.size())
    m *= static_cast<std::int64_t>(pairs.size()), pairs.assign(1, {0, 0});  // a's matrices lie in a row

  if (one_b && pairs.size() == 1)
    if (std::optional<CompiledOp> rounded = compile_bf16_layer(c, rows_shape(m, k, n), true, !transposed))
      return *std::move(rounded);
  const KernelTable& table = c.kernels;
  const std::int64_t scratch = gemm_scratch_floats(table, k, c.threads), packed = gemm_packed_floats(table, n, k);
  Tensor weights;  // packed now if they are known, else in every run
  if (one_b && c.constants[1])
    weights = c.packed(1, "matmul " + std::string(name(table.isa)) + (transposed ? " transposed" : ""), [&] {
      Tensor t(DType::f32, {packed});
      ThreadPool one(1);
      gemm_pack(table, c.pool ? *c.pool : one, n, k, c.constants[1]->data<float>(), ldb, transposed, t.data<float>());
      return t;
    });
  const FusedStore store(c, FusedStore::kNoBias);
  auto run = [=, &table](const RunArgs& args) {
    auto* space = reinterpret_cast<float*>(args.scratch);
    const float* packed_b = weights.defined() ? weights.data<float>() : space + scratch;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const std::int64_t at = static_cast<std::int64_t>(i) * m * n;
      Epilogue e = store(args);
      if (e.residual) e.residual += at;
      if (!weights.defined() && (i == 0 || pairs[i].b != pairs[i - 1].b))
        gemm_pack(table, args.pool, n, k, args.f32_in(1) + pairs[i].b, ldb, transposed, space + scratch);
      gemm_run(table, args.pool, {m, n, k, args.f32_in(0) + pairs[i].a, k, packed_b, args.f32_out() + at, n, e, false},
               space);
    }
  };
  return {.run = run,
          .scratch_bytes = static_cast<std::size_t>(scratch + (weights.defined() ? 0 : packed)) * sizeof(float),
          .algorithm = "gemm",
          .weight_unread = weights.defined()};
}

}  // namespace

FRUGAL_ENGINE(matmul) {
  registry.add("matmul", {.compile = compile, .packs_weight = true, .fuses_activation = true, .fuses_residual = true});
}

}  // namespace frugal
