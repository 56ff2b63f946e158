#include "methods/measure.h"

#include <algorithm>
#include <cmath>

#include "graph/op.h"

namespace frugal {

Model with_taps(const Model& model, const std::vector<ValueId>& values) {
  Model tapped{Graph(model.graph), model.weights, {}};
  for (std::size_t i = 0; i < values.size(); ++i) tapped.graph.add_output(values[i], "tap " + std::to_string(i));
  return tapped;
}

Model single_node(const Model& model, const Node& node, const Shape& x) {
  Model one;
  std::vector<ValueId> inputs{one.graph.add_input("x", {DType::f32, SymShape(x.begin(), x.end())})};
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNone) {
      inputs.push_back(kNone);
      continue;
    }
    const std::string name = "w" + std::to_string(i);
    const Tensor& w = model.weights.find(model.graph.value(node.inputs[i]).name)->second;
    inputs.push_back(one.graph.add_weight(name, w.dtype(), w.shape(), WeightRole::parameter));
    one.weights.emplace(name, w);
  }
  one.graph.add_output(one.graph.add_node(node.op->name, node.name, inputs, node.attrs)[0], "y");
  return one;
}

void Snr::add(const Tensor& exact, const Tensor& rounded) {
  for (std::int64_t i = 0; i < exact.numel(); ++i) {
    const double x = exact.data<float>()[i], d = x - rounded.data<float>()[i];
    signal_ += x * x, noise_ += d * d;
  }
}

double Snr::db() const {
  constexpr double kMost = 200;
  if (signal_ == 0) return noise_ == 0 ? kMost : 0;
  return noise_ == 0 ? kMost : std::min(kMost, 10 * std::log10(signal_ / noise_));
}

}  // namespace frugal
