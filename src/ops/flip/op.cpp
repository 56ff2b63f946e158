#include "graph/shape_rules.h"

namespace frugal {

FRUGAL_OP(flip) {
  return {.name = "flip",
          .doc = "The order of the elements turned round along the given axes.",
          .inputs = {{.name = "x", .type = InputType::any}},
          .attrs = {{"axes", AttrType::integers, Attr(Ints{}), "negative counts from the end; empty: all"}},
          .infer = [](const OpContext& c) {
            named_axes(c, c.shape(0).size());
            return infer_same(c);
          }};
}

}  // namespace frugal
