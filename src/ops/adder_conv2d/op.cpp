#include "ops/layer.h"

namespace frugal {
namespace {

std::vector<AttrSpec> attributes() {
  std::vector<AttrSpec> attrs = convolution_attributes();
  attrs.push_back({"gradient",
                   AttrType::text,
                   Attr("full"),
                   "of the weight: the difference x - w, or its sign",
                   {},
                   {},
                   {"full", "sign"}});
  attrs.push_back({"eta", AttrType::real, Attr(0.2),
                   "root mean square that the weight's gradient is scaled to; 0: left as it is", 0, 1e6});
  return attrs;
}

std::vector<ValueType> infer(const OpContext& c) {
  c.require(c.integer("groups") == 1, "an adder convolution has one group, not {}", c.integer("groups"));
  SymShape y = convolution_output(c);
  require_bias(c, 2, y[1]);
  return {{c.input(0).dtype, std::move(y)}};
}

}  // namespace

FRUGAL_OP(adder_conv2d) {
  return {.name = "adder_conv2d",
          .doc =
              "Minus the L1 distance between the windows of [N,C,H,W] and a weight [O,C,kh,kw], plus a bias [O] "
              "(Chen et al. 2020). Padding counts: it is a 0 like any other.",
          .inputs = {{"x"}, {"weight"}, {"bias", true}},
          .attrs = attributes(),
          .infer = infer,
          .macs = convolution_macs};
}

}  // namespace frugal
