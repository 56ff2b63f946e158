#include <algorithm>
#include <vector>

#include "engine/engine_op.h"
#include "graph/op.h"

namespace frugal {
namespace {

// The matrices are worked on in tiles of rows of q: the scores of a tile stay in cache, and nobody else ever needs
// them. A tile is an item of work, so that every thread goes from q to the output without waiting for another.
struct Attention {
  const KernelTable& table;
  std::int64_t heads, queries, keys, depth, values;  // heads: all leading dims
  float scale;
  std::vector<std::int64_t> bias;  // offset of each head's bias; empty: none

  std::int64_t rows() const {  // of a tile: scores of about 128 KB
    const std::int64_t tiles = (1 << 15) / std::max<std::int64_t>(keys, 1) / table.gemm_rows;
    return std::clamp<std::int64_t>(tiles, 1, 4) * table.gemm_rows;
  }
  std::int64_t tiles() const { return (queries + rows() - 1) / rows(); }
  std::int64_t panels(std::int64_t n) const { return (n + table.gemm_panel - 1) / table.gemm_panel; }
  std::int64_t packed_keys() const { return panels(keys) * table.gemm_panel * depth; }
  std::int64_t packed_values() const { return panels(values) * table.gemm_panel * keys; }
  std::int64_t gemm_scratch() const {
    return std::max(table.gemm_scratch_floats(depth), table.gemm_scratch_floats(keys));
  }
  std::int64_t scratch() const {  // of a thread, in whole cache lines
    const std::int64_t floats =
        packed_keys() + packed_values() + rows() * ((depth + 15) / 16 * 16 + keys + 16) + gemm_scratch();
    return (floats + 15) / 16 * 16;
  }

  void work(const RunArgs& args, std::int64_t begin, std::int64_t end, float* space) const {
    float* k_packed = space;
    float* v_packed = k_packed + packed_keys();
    float* gemm_space = v_packed + packed_values();
    float* q_scaled = gemm_space + gemm_scratch();
    float* scores = q_scaled + rows() * ((depth + 15) / 16 * 16);
    for (std::int64_t item = begin, packed = -1; item < end; ++item) {
      const std::int64_t head = item / tiles(), first = item % tiles() * rows();
      const std::int64_t count = std::min(rows(), queries - first);
      if (head != packed) {
        table.gemm_pack_b(keys, depth, args.f32_in(1) + head * keys * depth, depth, true, k_packed, 0, panels(keys));
        table.gemm_pack_b(values, keys, args.f32_in(2) + head * keys * values, values, false, v_packed, 0,
                          panels(values));
        packed = head;
      }
      table.binary(Binary::mul, Operand::scalar, count * depth, args.f32_in(0) + (head * queries + first) * depth,
                   &scale, q_scaled);
      Epilogue e;
      if (!bias.empty()) e.residual = args.f32_in(3) + bias[static_cast<std::size_t>(head)] + first * keys;
      table.gemm({count, keys, depth, q_scaled, depth, k_packed, scores, keys, e}, 0, count, 0, panels(keys),
                 gemm_space);
      if (keys > 0) table.softmax(count, keys, scores, scores);
      float* out = args.f32_out() + (head * queries + first) * values;
      table.gemm({count, values, keys, scores, keys, v_packed, out, values, {}}, 0, count, 0, panels(values),
                 gemm_space);
    }
  }
};

// Where each head's bias begins; leading dims of 1 are shared.
std::vector<std::int64_t> bias_offsets(const Shape& q, const Shape& bias) {
  std::vector<std::int64_t> offsets{0};
  std::int64_t step = bias[bias.size() - 1] * bias[bias.size() - 2];
  for (std::size_t d = bias.size() - 2; d-- > 0;) {
    std::vector<std::int64_t> inner = std::move(offsets);
    offsets.clear();
    for (std::int64_t i = 0; i < q[d]; ++i)
      for (std::int64_t offset : inner) offsets.push_back(offset + (bias[d] == 1 ? 0 : i * step));
    step *= bias[d];
  }
  return offsets;
}

CompiledOp compile(const NodeContext& c) {
  const Shape &q = c.in(0).shape, &k = c.in(1).shape, &v = c.in(2).shape;
  Attention a{.table = c.kernels,
              .heads = element_count({q.begin(), q.end() - 2}),
              .queries = q[q.size() - 2],
              .keys = k[k.size() - 2],
              .depth = q.back(),
              .values = v.back(),
              .scale = static_cast<float>(attr_real(c.node, "scale")),
              .bias = {}};
  if (element_count(c.out().shape) == 0) return {.run = [](const RunArgs&) {}, .algorithm = "empty"};
  if (c.has(3)) a.bias = bias_offsets(q, c.in(3).shape);
  const std::int64_t scratch = a.scratch();
  auto run = [a, scratch](const RunArgs& args) {
    auto* space = reinterpret_cast<float*>(args.scratch);
    args.pool.parallel_for(a.heads * a.tiles(), 1, [&](std::int64_t begin, std::int64_t end, int thread) {
      a.work(args, begin, end, space + thread * scratch);
    });
  };
  return {
      .run = run, .scratch_bytes = static_cast<std::size_t>(scratch * c.threads) * sizeof(float), .algorithm = "tiles"};
}

}  // namespace

FRUGAL_ENGINE(attention) { registry.add("attention", {.compile = compile}); }

}  // namespace frugal
