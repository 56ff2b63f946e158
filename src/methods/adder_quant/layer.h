// One adder layer on a grid of whole numbers: which kernels share a scale, what becomes of weights beyond it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "frugal/tensor.h"

namespace frugal {

// What becomes of weights outside the range of the activations.
//  lost:   they are cut off;
//  both:   they are clamped to [-S, S], what is cut off goes into the bias, without loss for 0 <= x <= S (the paper);
//  above0: they are clamped to [0, S] in the same way, so that no weight has a sign and all share the activations'
//  grid.
enum class WeightClamp { lost, both, above0 };
// How groups are found: groups.h.
enum class Clustering { exact, kmeans, noise };

struct AdderGridSettings {
  int bits = 8;    // 2..8
  int groups = 4;  // at most so many scales a layer
  int align = 4;   // sizes of groups are multiples of it, all but one
  Clustering clustering = Clustering::exact;
  WeightClamp clamp = WeightClamp::above0;
  bool restore = true;     // what activations exceed a group's scale by is added again
  bool limit = true;       // activations are cut at the range
  bool shared = false;     // QSSF: one scale a layer, its step a power of two
  bool by_weight = false;  // of a shared scale: it covers the weights, not the activations
  std::uint64_t seed = 1;  // of k-means
};

// The input of a layer, as calibration saw it.
struct InputRange {
  float magnitude = 0;    // A: |x| without its outliers
  bool negative = false;  // some are below 0
};

// Which group each kernel is in, and the range S of each group.
struct AdderScales {
  std::vector<int> group;
  std::vector<float> range;
};
AdderScales choose_scales(const Tensor& weight, const InputRange& input, const AdderGridSettings& settings);
// The ranges of groups that are chosen, anew.
void fit_ranges(const Tensor& weight, const InputRange& input, const AdderGridSettings& settings, AdderScales& scales);

// The layer as quantized_adder_conv2d takes it, but for the packing of the numbers.
struct AdderGrid {
  int bits = 8, zero = 0;
  bool doubled = false, restore = false;
  float limit = 0;
  std::vector<float> step;            // of each group
  std::vector<std::uint8_t> numbers;  // of the weights
  std::vector<float> bias;            // of each kernel
  double cut = 0;                     // share of the weights outside the grid's range

  int weight_bits() const;
  float lowest(float range) const { return doubled || zero > 0 ? -range : 0; }  // weight of a group of this range
};
// All but the weights' part.
AdderGrid adder_grid(const InputRange& input, const AdderScales& scales, const AdderGridSettings& settings);
// `weight` [O, ...]; `bias`, which may be undefined, is that of the float layer.
AdderGrid quantize_adder(const Tensor& weight, const Tensor& bias, const InputRange& input, const AdderScales& scales,
                         const AdderGridSettings& settings);

}  // namespace frugal
