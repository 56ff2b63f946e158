#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(clip) {
  registry.add("clip", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    return {torch::clamp(a[0], attr_real(a.node, "min"), attr_real(a.node, "max")).to(a[0].dtype())};
  });
}

}  // namespace frugal
