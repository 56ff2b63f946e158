#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(lp_normalize) {
  OpDef def = axis_definition("lp_normalize", "x divided by its norm along an axis; 0 where the norm is 0");
  def.attrs.push_back({"p", AttrType::integer, Attr(2), "the norm: sum of magnitudes (1) or Euclidean (2)", 1, 2});
  return def;
}

}  // namespace frugal
