#include "graph/op.h"
#include "ops/binary.h"

namespace frugal {

FRUGAL_ENGINE(bit_shift) {
  registry.add("bit_shift", binary_op([](const Node& node) {
                 return attr_text(node, "direction") == "left" ? Binary::shift_left : Binary::shift_right;
               }));
}

}  // namespace frugal
