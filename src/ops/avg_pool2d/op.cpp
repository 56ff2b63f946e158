#include "ops/pooling.h"

namespace frugal {

FRUGAL_OP(avg_pool2d) {
  std::vector<AttrSpec> attrs = pooling_attributes();
  attrs.push_back({"count_include_pad", AttrType::boolean, Attr(true), "padding counts as zeros of the window"});
  return {.name = "avg_pool2d",
          .doc = "Mean of each window of [N,C,H,W].",
          .inputs = {{"x"}},
          .attrs = std::move(attrs),
          .infer = infer_pooling};
}

}  // namespace frugal
