#include "graph/op.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  const SymShape &x = c.shape(0), &indices = c.shape(1);
  const auto batch = static_cast<std::size_t>(c.integer("batch_dims"));
  c.require(!indices.empty() && indices.back().fixed(), "the last dim of the indices must be known, not [{}]",
            to_string(indices));
  const auto depth = static_cast<std::size_t>(indices.back().value());
  c.require(batch < indices.size() && batch + depth <= x.size(),
            "indices [{}] with {} batch dims do not fit an input of shape [{}]", to_string(indices), batch,
            to_string(x));
  for (std::size_t i = 0; i < batch; ++i)
    c.require(x[i] == indices[i], "batch dim {} is {} in x but {} in the indices", i, x[i].text(), indices[i].text());
  ValueType out{c.input(0).dtype, SymShape(indices.begin(), indices.end() - 1)};
  out.shape.insert(out.shape.end(), x.begin() + static_cast<std::ptrdiff_t>(batch + depth), x.end());
  c.require(out.shape.size() <= kMaxRank, "the output would have {} dims; {} are the most", out.shape.size(), kMaxRank);
  return {out};
}

}  // namespace

FRUGAL_OP(gather_nd) {
  return {.name = "gather_nd",
          .doc =
              "Slices of x, each named by the numbers along the last dim of the indices. Negative ones count from the "
              "end; in the engine one outside gives NaN (integers: 0).",
          .inputs = {{.name = "x", .type = InputType::any}, {.name = "indices", .type = InputType::index}},
          .attrs = {{"batch_dims", AttrType::integer, Attr(0), "leading dims that both share", 0, kMaxRank}},
          .infer = infer};
}

}  // namespace frugal
