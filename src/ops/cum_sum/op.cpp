#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(cum_sum) {
  OpDef def = axis_definition("cum_sum", "Sum of all elements up to each one along an axis", InputType::number);
  def.attrs.push_back({"exclusive", AttrType::boolean, Attr(false), "without the element itself"});
  def.attrs.push_back({"reverse", AttrType::boolean, Attr(false), "from the end"});
  return def;
}

}  // namespace frugal
