#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(relu) {
  registry.add("relu", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    return {torch::relu(a[0])};
  });
}

}  // namespace frugal
