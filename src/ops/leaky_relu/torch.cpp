#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(leaky_relu) {
  registry.add("leaky_relu",
               [](const TorchArgs& a) { return std::vector{torch::leaky_relu(a[0], attr_real(a.node, "slope"))}; });
}

}  // namespace frugal
