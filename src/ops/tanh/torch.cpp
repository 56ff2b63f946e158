#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(tanh) {
  registry.add("tanh", [](const TorchArgs& a) { return std::vector{torch::tanh(a[0])}; });
}

}  // namespace frugal
