// Quantisation of adder networks after training: Nie et al., "Redistribution of Weights and Activations for AdderNet
// Quantization", NeurIPS 2022, arXiv 2212.10200. Nodes adder_conv2d become quantized_adder_conv2d, all else stays.
//
// Differences from the paper, each with a switch: exact clusters instead of k-means, weights clamped to [0, A] on the
// activations' own grid instead of [-A, A] on one twice as coarse, activations beyond a group's range restored.
#pragma once

#include <string>
#include <vector>

#include "frugal/model.h"
#include "methods/adder_quant/layer.h"

namespace frugal {

// What quantising does to the running statistics of batch norms: nothing; adds what it changes, measured on the same
// pictures before and after; or replaces them by those of the quantised network, which fits pictures that are augmented
// as in training.
enum class BatchNormStatistics { keep, shift, reestimate };

struct AdderQuantSettings {
  AdderGridSettings grid{};
  double alpha = 0.9997;  // share of the activations that a range keeps, used twice as in the official code; 1: all
  BatchNormStatistics batch_norm = BatchNormStatistics::shift;
  std::int64_t samples = 2048;  // pictures to measure on
  int threads = 0;
};

// One adder layer of the float network and what is decided for it.
struct AdderLayerPlan {
  NodeId node = kNone;
  InputRange input;
  AdderScales scales;
};

struct AdderLayerReport {
  std::string name;
  InputRange input;
  std::vector<float> ranges;          // S of each group
  std::vector<std::int64_t> kernels;  // of each group
  double cut = 0;                     // share of the weights outside their range
  double snr_db = 0;  // of the layer's output around each channel's mean, when only this layer is quantised
};

// Microjoules of one picture: 45 nm, after Horowitz, ISSCC 2014. A tap of an adder layer is two additions.
struct AdderEnergy {
  double float_conv = 0, int8_conv = 0, float_adder = 0;  // of the same network with such layers in place
  double taps = 0;                                        // of the quantised one: its additions and its float layers
  double scales = 0;  // and one multiplication for each activation and group, in float32
};

struct AdderQuantReport {
  std::vector<AdderLayerReport> layers;
  std::vector<double> output_snr_db;
  std::int64_t float_bytes = 0, bytes = 0;  // of all weights
  AdderEnergy energy;
};

using Batches = std::vector<std::vector<Tensor>>;

// The adder layers in the graph's order. Error where there is none, or the weights of one are not there.
std::vector<AdderLayerPlan> find_adder_layers(const Model& model);

// Section 2.3 of the digest: of each batch the quantile alpha of |x|, of these the largest.
float outlier_free_magnitude(const Tensor& x, double alpha);
void measure_inputs(const Model& model, std::vector<AdderLayerPlan>& layers, const Batches& batches, double alpha,
                    int threads);

void choose_all_scales(const Model& model, std::vector<AdderLayerPlan>& layers, const AdderGridSettings& settings);
// Of the groups that are chosen.
void fit_all_ranges(const Model& model, std::vector<AdderLayerPlan>& layers, const AdderGridSettings& settings);

// `cut`, if given, gets each layer's share of weights outside their range.
Model with_quantized_adders(const Model& model, const std::vector<AdderLayerPlan>& layers,
                            const AdderGridSettings& settings, std::vector<double>* cut = nullptr);

// Running statistics of every batch norm anew, as training on these batches would find them: each normalises with its
// batch's statistics, and those are averaged over all samples.
Model reestimate_batch_norm(const Model& model, const Batches& batches, int threads);

// The running statistics of `before`, moved as those of the batches differ between the networks: means by the
// difference, variances by the ratio. What else tells these pictures from those of training cancels out.
Model shift_batch_norm(const Model& before, const Model& after, const Batches& batches, int threads);

AdderEnergy adder_energy(const Model& quantized);

// The whole method.
Model quantize_adder_network(const Model& model, const Batches& batches, const AdderQuantSettings& settings,
                             AdderQuantReport& report);

}  // namespace frugal
