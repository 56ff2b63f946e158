#pragma once

#include <torch/torch.h>

#include "base/random.h"
#include "frugal/tensor.h"

namespace frugal {

// The same normal numbers in every run.
inline torch::Tensor random_input(const Shape& shape) {
  torch::Tensor t = torch::empty(shape);
  RandomStream random(0, "input");
  for (std::int64_t i = 0; i < t.numel(); ++i) t.data_ptr<float>()[i] = random.normal();
  return t;
}

}  // namespace frugal
