#include "ops/recurrent.h"

namespace frugal {

FRUGAL_OP(lstm) {
  OpDef def = recurrent_definition(
      "lstm",
      "Long short-term memory over steps: x [T,N,I], W [D,4H,I], R [D,4H,H], B [D,8H], start h0 and c0 [D,N,H] give Y "
      "[T,D,N,H] and the last h and c. Gates in the order i, o, f, c; biases of W, then of R.",
      Cell::lstm);
  return def;
}

}  // namespace frugal
