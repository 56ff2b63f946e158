#include "graph/op.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  for (std::size_t i = 0; i < 3; ++i) {
    c.require_rank(i, 2);
    c.require(c.shape(i)[1].fixed(), "the width of input {} must be fixed", i);
    c.require(c.shape(i)[0] == c.shape(0)[0], "q has {} rows, but input {} has {}", c.shape(0)[0].text(), i,
              c.shape(i)[0].text());
  }
  for (std::size_t i = 3; i < 5; ++i)
    c.require(c.shape(i) == SymShape{c.shape(0)[0]}, "input {} has shape [{}]; it must be one number a row", i,
              to_string(c.shape(i)));
  const std::int64_t heads = c.integer("heads"), kv_heads = c.integer("kv_heads");
  const std::int64_t q = c.shape(0)[1].value(), k = c.shape(1)[1].value(), v = c.shape(2)[1].value();
  c.require(heads % kv_heads == 0, "{} heads cannot share {} heads of keys", heads, kv_heads);
  c.require(q % heads == 0 && k % kv_heads == 0 && v % kv_heads == 0,
            "{} and {} heads do not divide the widths {}, {}, "
            "{}",
            heads, kv_heads, q, k, v);
  c.require(q / heads == k / kv_heads, "heads of q have {} elements, those of k {}", q / heads, k / kv_heads);
  return {{DType::f32, {c.shape(0)[0], v / kv_heads * heads}}};
}

}  // namespace

FRUGAL_OP(ragged_attention) {
  return {.name = "ragged_attention",
          .doc =
              "Causal attention of a flat axis of tokens that belong to several sequences: q [T, heads * D], k [T, "
              "kv_heads "
              "* D], v [T, kv_heads * E] give [T, heads * E]; heads share keys in groups (Ainslie et al., arXiv "
              "2305.13245). A row sees the rows of its sequence whose position is at most its own and above it minus "
              "`window`, and, in a run with a cache, what earlier runs have stored for the sequence.",
          .inputs = {{"q"},
                     {"k"},
                     {"v"},
                     {.name = "sequences", .type = InputType::index},
                     {.name = "positions", .type = InputType::index}},
          .attrs = {{"heads", AttrType::integer, std::nullopt, "heads of q", 1, 65536},
                    {"kv_heads", AttrType::integer, std::nullopt, "heads of k and v", 1, 65536},
                    {"scale", AttrType::real, std::nullopt, "factor of the scores"},
                    {"soft_cap", AttrType::real, Attr(0.0), "above 0: scores s become cap * tanh(s / cap)", 0, 1e9},
                    {"window", AttrType::integer, Attr(0), "positions that a row sees, its own included; 0: all", 0,
                     1 << 30},
                    {"layer", AttrType::integer, Attr(0), "place in the cache", 0, 65535}},
          .infer = infer,
          // Of rows that see one another; what a cache adds is not known here.
          .macs = [](const OpContext& c) {
            return product(c.shape(0)) * c.shape(0)[0] + product(c.output(0).shape) * c.shape(0)[0];
          }};
}

}  // namespace frugal
