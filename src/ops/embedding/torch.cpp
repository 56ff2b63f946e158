#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(embedding) {
  registry.add("embedding", [](const TorchArgs& a) { return std::vector{torch::embedding(a[1], a[0])}; });
}

}  // namespace frugal
