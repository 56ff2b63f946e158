#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(is_inf) {
  return test_definition("is_inf", "true where x is infinite",
                         {{"detect_negative", AttrType::boolean, Attr(true), "minus infinity counts"},
                          {"detect_positive", AttrType::boolean, Attr(true), "plus infinity counts"}});
}

}  // namespace frugal
