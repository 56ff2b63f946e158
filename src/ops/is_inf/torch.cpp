#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(is_inf) {
  registry.add("is_inf", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    return {(attr_flag(a.node, "detect_negative") ? torch::isneginf(a[0]) : torch::zeros_like(a[0], torch::kBool))
                .logical_or(attr_flag(a.node, "detect_positive") ? torch::isposinf(a[0])
                                                                 : torch::zeros_like(a[0], torch::kBool))};
  });
}

}  // namespace frugal
