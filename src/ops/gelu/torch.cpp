#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(gelu) {
  registry.add("gelu",
               [](const TorchArgs& a) { return std::vector{torch::gelu(a[0], attr_text(a.node, "approximate"))}; });
}

}  // namespace frugal
