#include "ops/quantized_adder_conv2d/layer.h"

#include <cmath>

#include "base/bit_stream.h"

namespace frugal {

AdderQuantizer adder_quantizer(const Node& node) {
  return {.qmax = (1 << attr_int(node, "bits")) - 1,
          .zero = static_cast<int>(attr_int(node, "zero")),
          .limit = static_cast<float>(attr_real(node, "limit")),
          .restore = attr_flag(node, "restore")};
}

AdderLayer read_adder_layer(const Node& node, std::int64_t in_channels, std::int64_t out_channels,
                            const AdderWeights& weights) {
  const Ints& kernel = attr_ints(node, "kernel");
  const bool doubled = attr_flag(node, "doubled");
  const int bits = adder_weight_bits(attr_int(node, "bits"), doubled);
  AdderLayer layer{.channels = out_channels,
                   .taps = in_channels * kernel[0] * kernel[1],
                   .quantizer = adder_quantizer(node),
                   .step = {weights.step, weights.step + weights.groups},
                   .group = {weights.group, weights.group + out_channels},
                   .v = {},
                   .factor = {},
                   .bias = std::vector<float>(static_cast<std::size_t>(out_channels))};
  for (float step : layer.step)
    require(step > 0 && std::isfinite(step) && std::isfinite(1.0f / step),
            "node '{}': a group's step is {}; it must be a positive number", node.name, step);
  const std::int64_t row = packed_bytes(layer.taps, bits);
  layer.v.resize(static_cast<std::size_t>(layer.channels * layer.taps));
  for (std::int64_t t = 0; t < layer.channels; ++t)
    unpack_bits(weights.weight + t * row, bits, layer.taps, layer.v.data() + t * layer.taps);
  if (doubled)
    for (std::uint8_t& v : layer.v) v = static_cast<std::uint8_t>(2 * v);
  for (std::size_t t = 0; t < layer.group.size(); ++t) {
    require(layer.group[t] < layer.step.size(), "node '{}': output channel {} is in group {}, but there are {} groups",
            node.name, t, static_cast<int>(layer.group[t]), layer.step.size());
    layer.factor.push_back(-layer.step[layer.group[t]] * (weights.scale ? weights.scale[t] : 1));
    if (weights.bias) layer.bias[t] = weights.bias[t];
  }
  return layer;
}

}  // namespace frugal
