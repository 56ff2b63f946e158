#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(mod) {
  OpDef def = binary_definition("mod", "the remainder of a / b, with the sign of b; with fmod that of a");
  def.attrs = {{"fmod", AttrType::boolean, Attr(false), "the sign of the dividend, as in C"}};
  return def;
}

}  // namespace frugal
