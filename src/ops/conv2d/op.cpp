#include "ops/layer.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  SymShape y = convolution_output(c);
  require_bias(c, 2, y[1]);
  return {{c.input(0).dtype, std::move(y)}};
}

}  // namespace

FRUGAL_OP(conv2d) {
  return {.name = "conv2d",
          .doc = "Cross-correlation of [N,C,H,W] with a weight [O,C/groups,kh,kw], plus a bias [O].",
          .inputs = {{"x"}, {"weight"}, {"bias", true}},
          .attrs = convolution_attributes(),
          .infer = infer,
          .macs = convolution_macs};
}

}  // namespace frugal
