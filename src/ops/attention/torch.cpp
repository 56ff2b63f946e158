#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(attention) {
  registry.add("attention", [](const TorchArgs& a) {
    torch::Tensor scores = torch::matmul(a[0] * attr_real(a.node, "scale"), a[1].transpose(-2, -1));
    if (a.has(3)) scores = scores + a[3];
    return std::vector{torch::matmul(torch::softmax(scores, -1), a[2])};
  });
}

}  // namespace frugal
