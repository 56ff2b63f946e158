#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(bit_shift) {
  OpDef def = binary_definition("bit_shift", "a shifted by b bits; 0 where b reaches the width", InputType::integer);
  def.attrs = {{"direction", AttrType::text, Attr("left"), "where to", {}, {}, {"left", "right"}}};
  return def;
}

}  // namespace frugal
