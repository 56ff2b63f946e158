#include "graph/shape_rules.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  const SymShape &q = c.shape(0), &k = c.shape(1), &v = c.shape(2);
  const std::size_t rank = q.size();
  c.require(rank >= 2 && k.size() == rank && v.size() == rank,
            "q, k and v must have the same number of dims, at least 2");
  for (std::size_t i = 0; i + 2 < rank; ++i)
    c.require(k[i] == q[i] && v[i] == q[i], "dim {} of q, k and v differs: {}, {} and {}", i, q[i].text(), k[i].text(),
              v[i].text());
  c.require(k.back() == q.back(), "rows of q have {} elements, those of k {}", q.back().text(), k.back().text());
  c.require(k[rank - 2] == v[rank - 2], "there are {} keys, but {} values", k[rank - 2].text(), v[rank - 2].text());
  if (c.has(3)) {
    const SymShape& bias = c.shape(3);
    bool fits = bias.size() == rank && bias[rank - 2] == q[rank - 2] && bias.back() == k[rank - 2];
    for (std::size_t i = 0; fits && i + 2 < rank; ++i) fits = bias[i] == q[i] || bias[i] == Dim(1);
    c.require(fits, "the bias has shape [{}], but the scores are [..., {}, {}]", to_string(bias), q[rank - 2].text(),
              k[rank - 2].text());
  }
  ValueType out = c.input(0);
  out.shape.back() = v.back();
  return {out};
}

}  // namespace

FRUGAL_OP(attention) {
  return {
      .name = "attention",
      .doc =
          "softmax(scale q k^T + bias) v for stacks of matrices (Vaswani et al., arXiv 1706.03762): q [..., T, D], k "
          "[..., S, D] and v [..., S, E] give [..., T, E]; leading dims of the bias [..., T, S] may be 1.",
      .inputs = {{"q"}, {"k"}, {"v"}, {"bias", true}},
      .attrs = {{"scale", AttrType::real, Attr(1.0), "factor of the scores"}},
      .infer = infer,
      .macs = [](const OpContext& c) {
        const SymShape &q = c.shape(0), &k = c.shape(1);
        return product(q) * k[k.size() - 2] + product(c.output(0).shape) * k[k.size() - 2];
      }};
}

}  // namespace frugal
