#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(relu) {
  registry.add("relu", [](const TorchArgs& a) { return std::vector{torch::relu(a[0])}; });
}

}  // namespace frugal
