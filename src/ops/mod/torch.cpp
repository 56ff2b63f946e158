#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(mod) {
  registry.add("mod", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    return {attr_flag(a.node, "fmod") ? torch::fmod(a[0], a[1]) : torch::remainder(a[0], a[1])};
  });
}

}  // namespace frugal
