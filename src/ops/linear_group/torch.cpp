#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(linear_group) {
  registry.add("linear_group", [](const TorchArgs& a) {
    std::vector<torch::Tensor> out;
    for (std::size_t i = 1; i < a.in.size(); i += 2)
      out.push_back(torch::linear(a[0], a[i].to(a[0].scalar_type()), a.has(i + 1) ? a[i + 1] : torch::Tensor()));
    return out;
  });
}

}  // namespace frugal
