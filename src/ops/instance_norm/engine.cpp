#include "ops/group_norm.h"

namespace frugal {

FRUGAL_ENGINE(instance_norm) {
  registry.add("instance_norm", group_norm_op([](const NodeContext& c) { return c.in(0).shape[1]; }));
}

}  // namespace frugal
