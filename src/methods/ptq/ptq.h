// Post-training quantisation: 8-bit weights per output channel, 8-bit activations per tensor, written as
// quantize_linear and dequantize_linear around the layers (Jacob et al., arXiv 1712.05877; Krishnamoorthi,
// arXiv 1806.08342).
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "frugal/model.h"

namespace frugal {

// A byte q stands for (q - zero) * scale.
struct ByteRange {
  float scale = 1;
  int zero = 0;
};

// One scale for the whole tensor, measured before; or, of what linear layers read, one for each row (token), measured
// in every run, and only the zero point before.
enum class Activations { tensor, row };
enum class Calibration { minmax, percentile, entropy };

struct PtqSettings {
  Activations activations = Activations::tensor;
  Calibration calibration = Calibration::percentile;
  double percentile = 99.99;  // of the values, that lie within the range
  double min_snr = 0;         // layers below this many dB stay in floats
  int float_layers = 0;       // so many of the worst layers stay in floats
  int threads = 0;
};

struct PtqLayer {
  std::string name, op;
  double snr_db = 0;  // of the layer's output when only this layer is quantised
  bool float32 = false;
};

struct PtqReport {
  std::vector<PtqLayer> layers;
  std::vector<double> output_snr_db;  // of the network's outputs
};

// Which values of the graph become bytes, and which layers read them.
//  - every layer (conv2d, linear) with a constant weight reads bytes; a value that several read is quantised once;
//  - of an add, the operand that is made first is bytes too: the other one is added in the store of its layer;
//  - a value that only passes through pooling, reshape and the like is quantised before, so that these move bytes;
//  - parts of a concat that only layers read keep scales of their own: their zero points agree, and the layers' weights
//    take the ratio of the scales, so that the parts lie side by side as bytes;
//  - with scales by rows, what linear layers read is rounded right before them;
//  - outputs of the network stay floats, and nothing is quantised for a concat or an add that only feeds outputs.
struct PtqPlan {
  std::vector<NodeId> layers;
  std::vector<ValueId> values;                      // in the order of the graph
  std::set<ValueId> rows{};                         // of these, those that only linear layers read, row by row
  std::map<ValueId, std::vector<ValueId>> parts{};  // concat outputs whose parts keep their scales
};
PtqPlan plan_ptq(const Model& folded, const std::vector<std::string>& float_layers,
                 Activations activations = Activations::tensor);

std::map<ValueId, ByteRange> calibrate(const Model& folded, const PtqPlan& plan,
                                       const std::vector<std::vector<Tensor>>& batches, const PtqSettings& settings);

// The model with Q and D put in.
Model insert_qdq(const Model& folded, const PtqPlan& plan, const std::map<ValueId, ByteRange>& ranges);

// The whole method. `model` may hold batch norms; they are folded first.
Model quantize_model(const Model& model, const std::vector<std::vector<Tensor>>& batches, const PtqSettings& settings,
                     PtqReport& report);

// Histogram-based ranges, exposed for tests: `counts` over [low, high].
std::pair<float, float> percentile_range(const std::vector<std::int64_t>& counts, float low, float high,
                                         double percentile);
// Threshold of |x| that loses least information (Migacz, GTC 2017): `counts` over [0, high].
float entropy_threshold(const std::vector<std::int64_t>& counts, float high);

}  // namespace frugal
