#include "graph/op.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  c.require_rank(0, 1);
  const std::int64_t dims = c.integer("dims");
  c.require(dims % 2 == 0, "'dims' is {}; angles turn pairs, so it must be even", dims);
  if (c.has(1))
    c.require(c.shape(1) == SymShape{dims / 2}, "'factors' has shape [{}], but there are {} angles",
              to_string(c.shape(1)), dims / 2);
  return {{DType::f32, {c.shape(0)[0], dims}}};
}

}  // namespace

FRUGAL_OP(rotary_table) {
  return {.name = "rotary_table",
          .doc =
              "Cosines and sines of rotary position embedding (Su et al., arXiv 2104.09864): positions [T] give [T, "
              "dims], first dims/2 cosines, then as many sines of scale * position * base^(-2i/dims) / factors[i].",
          .inputs = {{.name = "positions", .type = InputType::index}, {"factors", true}},
          .attrs = {{"dims", AttrType::integer, std::nullopt, "twice the number of angles", 2, 65536},
                    {"base", AttrType::real, Attr(10000.0), "wave lengths grow up to 2 pi base"},
                    {"scale", AttrType::real, Attr(1.0), "of positions (linear scaling of the context)"},
                    {"magnitude", AttrType::real, Attr(1.0), "factor of cosines and sines"}},
          .infer = infer};
}

}  // namespace frugal
