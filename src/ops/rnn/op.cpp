#include "ops/recurrent.h"

namespace frugal {

FRUGAL_OP(rnn) {
  OpDef def = recurrent_definition(
      "rnn", "Elman network over steps: h = f(x W + h R + biases), shapes as those of lstm with one gate.", Cell::rnn);
  def.attrs.push_back({"activation", AttrType::text, Attr("tanh"), "f", {}, {}, {"tanh", "relu"}});
  return def;
}

}  // namespace frugal
