#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(prelu) {
  registry.add("prelu", [](const TorchArgs& a) { return std::vector{torch::prelu(a[0], a[1])}; });
}

}  // namespace frugal
