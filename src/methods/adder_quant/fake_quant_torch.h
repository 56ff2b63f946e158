// The quantised adder layer as it is trained: in floats, on the grid that quantized_adder_conv2d will have.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "methods/adder_quant/adder_quant.h"
#include "train/torch_op.h"

namespace frugal {

// Forward it gives what the whole numbers would. Backward, rounding counts as the identity:
//  - x has a gradient where the grid keeps it, none where it is cut;
//  - the weight's gradient is AdderNet's (x - w), scaled for the layer as a whole. A weight beyond the range whose rest
//    is in the bias has it too, with its whole value: nothing of it is lost. Where it is, it has none. The gradient of
//    x takes the whole value likewise.
class FakeQuantizedAdder {
 public:
  FakeQuantizedAdder(AdderLayerPlan plan, const AdderGridSettings& settings);

  // Of an adder_conv2d. In training the range of the inputs follows those of the batch with momentum 0.9; those of the
  // groups follow from it and the weights.
  torch::Tensor forward(const TorchArgs& args);

  const AdderLayerPlan& plan() const { return plan_; }
  void set_input_magnitude(float magnitude) { plan_.input.magnitude = magnitude; }
  double alpha = 0.9997;

 private:
  void follow(const torch::Tensor& x);

  AdderLayerPlan plan_;
  AdderGridSettings settings_;
  std::vector<torch::Tensor> kernels_;  // of each group
  torch::Tensor order_;                 // where each kernel stands when the groups lie one after the other
};

}  // namespace frugal
