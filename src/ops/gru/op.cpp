#include "ops/recurrent.h"

namespace frugal {

FRUGAL_OP(gru) {
  OpDef def = recurrent_definition("gru",
                                   "Gated recurrent unit over steps: x [T,N,I], W [D,3H,I], R [D,3H,H], B [D,6H], "
                                   "start h0 [D,N,H] give Y [T,D,N,H] and the last h. Gates in the order z, r, h.",
                                   Cell::gru);
  def.attrs.push_back(
      {"linear_before_reset", AttrType::boolean, Attr(false), "the reset gate comes after the product with R"});
  return def;
}

}  // namespace frugal
