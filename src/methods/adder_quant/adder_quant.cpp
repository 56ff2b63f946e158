#include "methods/adder_quant/adder_quant.h"

#include <algorithm>
#include <cmath>

#include "base/bit_stream.h"
#include "base/check.h"
#include "base/progress.h"
#include "frugal/session.h"
#include "graph/costs.h"
#include "graph/op.h"
#include "graph/rewrite.h"
#include "methods/measure.h"

namespace frugal {
namespace {

const Tensor* data_of(const Model& model, ValueId value) {
  if (value == kNone || model.graph.value(value).kind != ValueKind::weight) return nullptr;
  auto found = model.weights.find(model.graph.value(value).name);
  return found == model.weights.end() || found->second.dtype() != DType::f32 ? nullptr : &found->second;
}

Tensor packed(const AdderGrid& grid, std::int64_t kernels) {
  const std::int64_t row = static_cast<std::int64_t>(grid.numbers.size()) / kernels;
  Tensor out(DType::u8, {kernels, packed_bytes(row, grid.weight_bits())});
  for (std::int64_t t = 0; t < kernels; ++t) {
    const std::vector<std::uint8_t> bytes =
        pack_bits({grid.numbers.data() + t * row, static_cast<std::size_t>(row)}, grid.weight_bits());
    std::copy(bytes.begin(), bytes.end(), out.data<std::uint8_t>() + t * out.dim(1));
  }
  return out;
}

Attrs attributes(const Node& node, const Tensor& weight, const AdderGrid& grid) {
  return {{"kernel", Ints{weight.dim(2), weight.dim(3)}},
          {"stride", attribute(node, "stride")},
          {"padding", attribute(node, "padding")},
          {"dilation", attribute(node, "dilation")},
          {"bits", Attr(grid.bits)},
          {"doubled", Attr(grid.doubled)},
          {"zero", Attr(grid.zero)},
          {"limit", Attr(static_cast<double>(grid.limit))},
          {"restore", Attr(grid.restore)}};
}

void put_in(Rewriter& r, const Node& node, const AdderLayerPlan& plan, const AdderGridSettings& settings, double& cut) {
  const Tensor& weight = *r.data(node.inputs[1]);
  const bool biased = node.inputs.size() > 2 && node.inputs[2] != kNone;
  const AdderGrid grid =
      quantize_adder(weight, biased ? *r.data(node.inputs[2]) : Tensor(), plan.input, plan.scales, settings);
  cut = grid.cut;
  const std::int64_t kernels = weight.dim(0);
  const std::string name = r.graph().value(node.inputs[1]).name;
  auto add = [&](const std::string& part, Tensor t, WeightRole role) {
    return r.add_weight(r.fresh_name(node.name + part), std::move(t), role);
  };
  const std::vector<std::uint8_t> group(plan.scales.group.begin(), plan.scales.group.end());
  const bool alone = r.uses().only_user(node.inputs[1]) != kNone;
  const std::vector<ValueId> inputs{
      r.map(node.inputs[0]),
      r.add_weight(alone ? name : r.fresh_name(name), packed(grid, kernels), WeightRole::parameter),
      add(".step", Tensor::from<float>({static_cast<std::int64_t>(grid.step.size())}, grid.step), WeightRole::constant),
      add(".group", Tensor::from<std::uint8_t>({kernels}, group), WeightRole::constant),
      add(".bias", Tensor::from<float>({kernels}, grid.bias), WeightRole::constant)};
  r.replace(node.outputs[0],
            r.add_node("quantized_adder_conv2d", node.name, inputs, attributes(node, weight, grid))[0]);
}

const Node& node_named(const Graph& graph, const std::string& name) {
  for (const Node& node : graph.nodes())
    if (node.name == name) return node;
  FRUGAL_ASSERT(false && "a layer lost its name");
  return graph.nodes()[0];
}

// The node alone, on data.
Tensor run_node(const Model& model, const Node& node, const Tensor& x, int threads) {
  return Session(single_node(model, node, x.shape()), {.threads = threads}).run({x})[0];
}

// Less the mean of each channel of [N, C, H, W]: of minus a distance that is most, and batch norm takes it away.
Tensor centred(const Tensor& y) {
  Tensor out = y.clone();
  const std::int64_t channels = y.dim(1), inner = y.dim(2) * y.dim(3), all = y.dim(0) * channels;
  for (std::int64_t c = 0; c < channels; ++c) {
    double sum = 0;
    for (std::int64_t row = c; row < all; row += channels)
      for (std::int64_t i = 0; i < inner; ++i) sum += y.data<float>()[row * inner + i];
    const auto mean = static_cast<float>(sum / static_cast<double>(std::max<std::int64_t>(1, y.dim(0) * inner)));
    for (std::int64_t row = c; row < all; row += channels)
      for (std::int64_t i = 0; i < inner; ++i) out.data<float>()[row * inner + i] -= mean;
  }
  return out;
}

void measure_layers(const Model& model, const Model& quantized, const std::vector<AdderLayerPlan>& layers,
                    const std::vector<Tensor>& batch, int threads, AdderQuantReport& report) {
  std::vector<ValueId> values;
  for (const AdderLayerPlan& layer : layers) {
    values.push_back(model.graph.node(layer.node).inputs[0]);
    values.push_back(model.graph.node(layer.node).outputs[0]);
  }
  const std::vector<Tensor> taps = Session(with_taps(model, values), {.threads = threads}).run(batch),
                            rounded = Session(quantized, {.threads = threads}).run(batch);
  const std::size_t own = model.graph.outputs().size();
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Node& node = node_named(quantized.graph, model.graph.node(layers[i].node).name);
    Snr snr;
    snr.add(centred(taps[own + 2 * i + 1]), centred(run_node(quantized, node, taps[own + 2 * i], threads)));
    report.layers[i].snr_db = snr.db();
  }
  for (std::size_t i = 0; i < own; ++i) {
    Snr snr;
    if (taps[i].dtype() == DType::f32) snr.add(taps[i], rounded[i]);
    report.output_snr_db.push_back(snr.db());
  }
}

}  // namespace

std::vector<AdderLayerPlan> find_adder_layers(const Model& model) {
  std::vector<AdderLayerPlan> out;
  for (std::size_t i = 0; i < model.graph.nodes().size(); ++i) {
    const Node& node = model.graph.nodes()[i];
    if (node.op->name != "adder_conv2d") continue;
    require(data_of(model, node.inputs[1]) &&
                (node.inputs.size() < 3 || node.inputs[2] == kNone || data_of(model, node.inputs[2])),
            "the adder layer '{}' has no fixed float32 weight to quantise", node.name);
    out.push_back({static_cast<NodeId>(i), {}, {}});
  }
  require(!out.empty(),
          "the network has no adder layers in floats: adder_quant takes a trained one, such as adder_resnet20_cifar");
  return out;
}

float outlier_free_magnitude(const Tensor& x, double alpha) {
  std::vector<float> magnitude(x.data<float>(), x.data<float>() + x.numel());
  for (float& v : magnitude) v = std::abs(v);
  if (magnitude.empty()) return 0;
  const auto n = static_cast<double>(magnitude.size());
  const auto at = static_cast<std::ptrdiff_t>(std::max(0.0, (std::nearbyint(n * alpha) - 1) * alpha));
  std::nth_element(magnitude.begin(), magnitude.begin() + at, magnitude.end());
  return magnitude[static_cast<std::size_t>(at)];
}

void measure_inputs(const Model& model, std::vector<AdderLayerPlan>& layers, const Batches& batches, double alpha,
                    int threads) {
  require(!batches.empty(), "calibration needs at least one sample");
  std::vector<ValueId> values;
  for (const AdderLayerPlan& layer : layers) values.push_back(model.graph.node(layer.node).inputs[0]);
  Session session(with_taps(model, values), {.threads = threads});
  Progress progress("calibrate", static_cast<std::int64_t>(batches.size()));
  std::vector<Tensor> outputs;
  const std::size_t own = model.graph.outputs().size();
  for (const std::vector<Tensor>& batch : batches) {
    session.run(batch, outputs);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const Tensor& x = outputs[own + i];
      for (std::int64_t k = 0; k < x.numel(); ++k) {
        const float v = x.data<float>()[k];
        require(std::isfinite(v), "the input of the adder layer '{}' is not finite on the calibration data",
                model.graph.node(layers[i].node).name);
        layers[i].input.negative = layers[i].input.negative || v < 0;
      }
      layers[i].input.magnitude = std::max(layers[i].input.magnitude, outlier_free_magnitude(x, alpha));
    }
    progress.advance();
  }
  for (AdderLayerPlan& layer : layers) layer.input.magnitude = std::max(layer.input.magnitude, 1e-3f);
}

void choose_all_scales(const Model& model, std::vector<AdderLayerPlan>& layers, const AdderGridSettings& settings) {
  for (AdderLayerPlan& layer : layers)
    layer.scales = choose_scales(*data_of(model, model.graph.node(layer.node).inputs[1]), layer.input, settings);
}

void fit_all_ranges(const Model& model, std::vector<AdderLayerPlan>& layers, const AdderGridSettings& settings) {
  for (AdderLayerPlan& layer : layers)
    fit_ranges(*data_of(model, model.graph.node(layer.node).inputs[1]), layer.input, settings, layer.scales);
}

Model with_quantized_adders(const Model& model, const std::vector<AdderLayerPlan>& layers,
                            const AdderGridSettings& settings, std::vector<double>* cut) {
  std::map<const Node*, std::size_t> places;
  for (std::size_t i = 0; i < layers.size(); ++i) places.emplace(&model.graph.node(layers[i].node), i);
  std::vector<double> shares(layers.size());
  Model out = rewrite(model, [&](Rewriter& r, const Node& node) {
    auto found = places.find(&node);
    if (found == places.end()) return Visit::copy;
    put_in(r, node, layers[found->second], settings, shares[found->second]);
    return Visit::done;
  });
  out.metadata = model.metadata;
  if (cut) *cut = shares;
  return out;
}

Model quantize_adder_network(const Model& model, const Batches& batches, const AdderQuantSettings& settings,
                             AdderQuantReport& report) {
  std::vector<AdderLayerPlan> layers = find_adder_layers(model);
  measure_inputs(model, layers, batches, settings.alpha, settings.threads);
  choose_all_scales(model, layers, settings.grid);
  std::vector<double> cut;
  Model out = with_quantized_adders(model, layers, settings.grid, &cut);
  if (settings.batch_norm == BatchNormStatistics::reestimate)
    out = reestimate_batch_norm(out, batches, settings.threads);
  if (settings.batch_norm == BatchNormStatistics::shift) out = shift_batch_norm(model, out, batches, settings.threads);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    AdderLayerReport made{
        model.graph.node(layers[i].node).name, layers[i].input, layers[i].scales.range, {}, cut[i], 0};
    made.kernels.resize(made.ranges.size());
    for (int g : layers[i].scales.group) ++made.kernels[static_cast<std::size_t>(g)];
    report.layers.push_back(std::move(made));
  }
  measure_layers(model, out, layers, batches.front(), settings.threads, report);
  report.float_bytes = compute_costs(model.graph).weight_bytes;
  report.bytes = compute_costs(out.graph).weight_bytes;
  report.energy = adder_energy(out);
  return out;
}

}  // namespace frugal
