// What quantized_adder_conv2d's node and weights say, read and checked: for the engine and for LibTorch.
//
// For output channel t of group g, qmax = 2^bits - 1:
//   steps(x) = round(x' * (1 / step[g])) + zero, half to even, NaN is 0 steps; x' = x cut at `limit`
//   a        = clamp(steps, 0, qmax)
//   y[t]     = factor[t] * (sum over the window of |a - v[t]| + excess[g]) + bias[t],  factor[t] = -step[g] * scale[t]
//   excess   = with `restore` the sum over the window of clamp(steps - qmax, 0, 65535), else 0
// A tap in the padding has a = zero. v is the packed number, twice that where `doubled`.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/op.h"

namespace frugal {

// Bits of a packed number of the weight.
inline int adder_weight_bits(std::int64_t bits, bool doubled) { return static_cast<int>(bits) - (doubled ? 1 : 0); }

struct AdderQuantizer {
  int qmax = 255, zero = 0;
  float limit = 0;  // 0: none
  bool restore = false;
};
AdderQuantizer adder_quantizer(const Node& node);

struct AdderLayer {
  std::int64_t channels = 0, taps = 0;  // output channels; numbers of one kernel, [C][kh][kw]
  AdderQuantizer quantizer;
  std::vector<float> step;          // of each group
  std::vector<std::uint8_t> group;  // of each output channel
  std::vector<std::uint8_t> v;      // [channels][taps]
  std::vector<float> factor, bias;  // of each output channel
};

// Data of the node's inputs; `bias` and `scale` may be null.
struct AdderWeights {
  const std::uint8_t* weight;
  const float* step;
  std::int64_t groups;
  const std::uint8_t* group;
  const float *bias, *scale;
};
// Error where a step is no positive number, or a group number too large.
AdderLayer read_adder_layer(const Node& node, std::int64_t in_channels, std::int64_t out_channels,
                            const AdderWeights& weights);

}  // namespace frugal
