#include "methods/measure.h"

#include <algorithm>
#include <cmath>

namespace frugal {

Model with_taps(const Model& model, const std::vector<ValueId>& values) {
  Model tapped{Graph(model.graph), model.weights, {}};
  for (std::size_t i = 0; i < values.size(); ++i) tapped.graph.add_output(values[i], "tap " + std::to_string(i));
  return tapped;
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
