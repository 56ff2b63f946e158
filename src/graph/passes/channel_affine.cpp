#include "graph/passes/channel_affine.h"

#include <cmath>

#include "graph/op.h"

namespace frugal {

bool have_floats(const Rewriter& r, const std::vector<ValueId>& weights) {
  for (ValueId id : weights)
    if (id != kNone && (!r.data(id) || r.data(id)->dtype() != DType::f32)) return false;
  return true;
}

std::optional<ChannelAffine> batch_norm_affine(const Rewriter& r, const Node& norm) {
  if (!have_floats(r, {norm.inputs[1], norm.inputs[2], norm.inputs[3], norm.inputs[4]})) return std::nullopt;
  auto at = [&](std::size_t input) { return r.data(norm.inputs[input])->data<float>(); };
  const float *gamma = at(1), *beta = at(2), *mean = at(3), *var = at(4);
  ChannelAffine out;
  for (std::int64_t c = 0; c < r.data(norm.inputs[1])->numel(); ++c) {
    double scale = gamma[c] / std::sqrt(var[c] + attr_real(norm, "eps"));
    out.scale.push_back(scale);
    out.shift.push_back(beta[c] - mean[c] * scale);
  }
  return out;
}

}  // namespace frugal
