#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(matmul) {
  registry.add("matmul", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    return {torch::matmul(a[0], attr_flag(a.node, "transpose_b") ? a[1].transpose(-1, -2) : a[1])};
  });
}

}  // namespace frugal
