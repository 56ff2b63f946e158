#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(sigmoid) {
  registry.add("sigmoid", [](const TorchArgs& a) { return std::vector{torch::sigmoid(a[0])}; });
}

}  // namespace frugal
