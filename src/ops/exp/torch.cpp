#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(exp) {
  registry.add("exp", [](const TorchArgs& a) { return std::vector{torch::exp(a[0])}; });
}

}  // namespace frugal
