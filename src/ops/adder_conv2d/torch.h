// The adder layer with the gradients of AdderNet, for layers whose weights stand for others.
#pragma once

#include "train/torch_op.h"

namespace frugal {

// -sum over the window of |x - forward_weight|, without a bias. The gradients are those of a layer with
// `backward_weight`, x - w and clamp(w - x, -1, 1); `weight` gets the first. `node` is an adder_conv2d.
torch::Tensor adder_conv2d(const Node& node, const torch::Tensor& x, const torch::Tensor& weight,
                           const torch::Tensor& forward_weight, const torch::Tensor& backward_weight);

}  // namespace frugal
