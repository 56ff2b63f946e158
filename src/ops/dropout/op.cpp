#include "graph/shape_rules.h"

namespace frugal {

FRUGAL_OP(dropout) {
  return {
      .name = "dropout",
      .doc =
          "In training, zeroes a share `rate` of the elements, or of whole samples (drop path, Huang et al. 2016), and "
          "scales the rest by 1 / (1 - rate); else the identity.",
      .inputs = {{"x"}},
      .attrs = {{"rate", AttrType::real, Attr(0.5), "share of elements zeroed", 0, 1},
                {"per", AttrType::text, Attr("element"), "what is drawn for", {}, {}, {"element", "sample"}}},
      .infer = infer_same};
}

}  // namespace frugal
