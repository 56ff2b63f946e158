#include "graph/op.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  c.require(c.shape(0).size() >= 2, "the input must have at least 2 dims, not shape [{}]", to_string(c.shape(0)));
  for (std::size_t i = 1; i < 5; ++i)
    c.require(c.shape(i) == SymShape{c.shape(0)[1]}, "'{}' has shape [{}], but the input has {} channels",
              c.node().op->inputs[i].name, to_string(c.shape(i)), c.shape(0)[1].text());
  return {c.input(0)};
}

}  // namespace

FRUGAL_OP(batch_norm) {
  return {.name = "batch_norm",
          .doc =
              "(x - mean) / sqrt(var + eps) * weight + bias per channel (dim 1). In training the batch's statistics "
              "are used and the running ones follow with `momentum` (Ioffe and Szegedy 2015).",
          .inputs = {{"x"}, {"weight"}, {"bias"}, {"running_mean"}, {"running_var"}},
          .attrs = {{"eps", AttrType::real, Attr(1e-5), "added to the variance", 0, 1},
                    {"momentum", AttrType::real, Attr(0.1), "share of the new statistics", 0, 1}},
          .infer = infer};
}

}  // namespace frugal
