#include "graph/op.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  c.require_rank(0, 4);
  const SymShape& x = c.shape(0);
  const std::int64_t r = c.integer("factor");
  c.require(x[1].fixed(), "the channels must be known, not '{}'", x[1].text());
  c.require(x[1].value() % (r * r) == 0, "{} channels cannot be spread over {} x {} pixels", x[1].value(), r, r);
  return {{c.input(0).dtype, {x[0], x[1].value() / (r * r), x[2] * Dim(r), x[3] * Dim(r)}}};
}

}  // namespace

FRUGAL_OP(pixel_shuffle) {
  return {.name = "pixel_shuffle",
          .doc =
              "[N, C r r, H, W] -> [N, C, H r, W r]: channel c r r + i r + j becomes pixel (i, j) of each cell (Shi et "
              "al. 2016).",
          .inputs = {{"x"}},
          .attrs = {{"factor", AttrType::integer, std::nullopt, "r", 1, 1024}},
          .infer = infer};
}

}  // namespace frugal
