#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(transpose) {
  registry.add("transpose", [](const TorchArgs& a) { return std::vector{a[0].permute(attr_ints(a.node, "perm"))}; });
}

}  // namespace frugal
