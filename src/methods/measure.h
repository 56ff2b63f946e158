// What methods measure on a running network.
#pragma once

#include <vector>

#include "frugal/model.h"

namespace frugal {

// The model with these values as further outputs, behind its own.
Model with_taps(const Model& model, const std::vector<ValueId>& values);

// The node alone, with its weights: input 0 is the float32 input "x" of that shape, output 0 is "y".
Model single_node(const Model& model, const Node& node, const Shape& x);

// Signal-to-noise ratio of float32 tensors against exact ones.
class Snr {
 public:
  void add(const Tensor& exact, const Tensor& rounded);
  double db() const;  // at most 200, which stands for no noise at all

 private:
  double signal_ = 0, noise_ = 0;
};

}  // namespace frugal
