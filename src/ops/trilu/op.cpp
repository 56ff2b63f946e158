#include "graph/shape_rules.h"

namespace frugal {

FRUGAL_OP(trilu) {
  return {.name = "trilu",
          .doc = "The upper or lower triangle of the last two dims, from diagonal k on; 0 elsewhere.",
          .inputs = {{.name = "x", .type = InputType::any}},
          .attrs = {{"upper", AttrType::boolean, Attr(true), "keep what is above, else what is below"},
                    {"k", AttrType::integer, Attr(0), "diagonal; positive ones lie above the main one"}},
          .infer = [](const OpContext& c) {
            c.require(c.shape(0).size() >= 2, "the input must have at least 2 dims, not shape [{}]",
                      to_string(c.shape(0)));
            return infer_same(c);
          }};
}

}  // namespace frugal
