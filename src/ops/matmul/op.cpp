#include "graph/shape_rules.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  SymShape a = c.shape(0), b = c.shape(1);
  c.require(a.size() >= 2 && b.size() >= 2, "both inputs must have at least 2 dims, not [{}] and [{}]", to_string(a),
            to_string(b));
  if (c.flag("transpose_b")) std::swap(b[b.size() - 1], b[b.size() - 2]);
  c.require(a.back() == b[b.size() - 2], "[{}] times [{}]: the inner dims {} and {} differ", to_string(a), to_string(b),
            a.back().text(), b[b.size() - 2].text());
  SymShape out = broadcast(c, {a.begin(), a.end() - 2}, {b.begin(), b.end() - 2});
  out.push_back(a[a.size() - 2]);
  out.push_back(b.back());
  return {{c.input(0).dtype, out}};
}

}  // namespace

FRUGAL_OP(matmul) {
  return {.name = "matmul",
          .doc = "Matrix products [..., M, K] x [..., K, N] of stacks of matrices; the leading dims broadcast.",
          .inputs = {{"a"}, {"b"}},
          .attrs = {{"transpose_b", AttrType::boolean, Attr(false), "b is [..., N, K]"}},
          .infer = infer,
          .macs = [](const OpContext& c) { return product(c.output(0).shape) * c.shape(0).back(); }};
}

}  // namespace frugal
