#include "graph/op.h"
#include "ops/binary.h"

namespace frugal {

FRUGAL_ENGINE(mod) {
  registry.add("mod", binary_op([](const Node& node) { return attr_flag(node, "fmod") ? Binary::fmod : Binary::mod; }));
}

}  // namespace frugal
