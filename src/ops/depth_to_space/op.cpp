#include "graph/op.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  c.require_rank(0, 4);
  const SymShape& x = c.shape(0);
  const std::int64_t b = c.integer("block");
  c.require(x[1].fixed(), "the channels must be known, not '{}'", x[1].text());
  c.require(x[1].value() % (b * b) == 0, "{} channels cannot be spread over {} x {} pixels", x[1].value(), b, b);
  return {{c.input(0).dtype, {x[0], x[1].value() / (b * b), x[2] * Dim(b), x[3] * Dim(b)}}};
}

}  // namespace

FRUGAL_OP(depth_to_space) {
  return {.name = "depth_to_space",
          .doc =
              "[N, C b b, H, W] -> [N, C, H b, W b]. Pixel (i, j) of each cell is channel (i b + j) C + c (DCR) or "
              "c b b + i b + j (CRD: pixel shuffle, Shi et al. 2016).",
          .inputs = {{.name = "x", .type = InputType::any}},
          .attrs = {{"block", AttrType::integer, std::nullopt, "b", 1, 1024},
                    {"mode", AttrType::text, Attr("DCR"), "order of the channels", {}, {}, {"DCR", "CRD"}}},
          .infer = infer};
}

}  // namespace frugal
