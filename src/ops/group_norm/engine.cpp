#include "ops/group_norm.h"

#include "graph/op.h"

namespace frugal {

FRUGAL_ENGINE(group_norm) {
  registry.add("group_norm", group_norm_op([](const NodeContext& c) { return attr_int(c.node, "groups"); }));
}

}  // namespace frugal
