#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(linear) {
  registry.add("linear", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    return {torch::linear(a[0], a[1].to(a[0].scalar_type()), a.in[2])};
  });
}

}  // namespace frugal
