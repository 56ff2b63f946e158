// Training a quantised adder network from the float one: groups and scales are fixed by quantising it, then the float
// weights learn through the rounding.
#include <memory>

#include "base/check.h"
#include "base/log.h"
#include "methods/adder_quant/fake_quant_torch.h"
#include "methods/adder_quant/options.h"
#include "tasks/classify_torch.h"
#include "train/communicator.h"
#include "train/train_method.h"

namespace frugal {
namespace {

AdderQuantSettings settings_of(const Recipe& recipe) {
  std::vector<std::string> given;
  for (const auto& [name, value] : recipe.method.options) given.push_back(name + "=" + value);
  const std::vector<MethodOption> known = adder_quant_options();
  AdderQuantSettings s = read_adder_quant_settings(MethodOptions("adder_qat", known, given));
  s.threads = static_cast<int>(recipe.threads);
  return s;
}

Batches first_batches(const BatchSource& source, std::int64_t samples) {
  Batches out;
  for (std::int64_t step = 0; step < source.steps() && samples > 0; ++step) {
    const Batch batch = source.load(0, step);
    out.push_back({from_torch(batch.inputs[0])});
    samples -= batch.global_samples;
  }
  return out;
}

// Each process measured its own share of the pictures.
void average_over_processes(std::vector<AdderLayerPlan>& layers) {
  Communicator& all = Communicator::instance();
  for (AdderLayerPlan& layer : layers) {
    layer.input.magnitude = static_cast<float>(all.sum(layer.input.magnitude) / all.size());
    layer.input.negative = all.any(layer.input.negative);
  }
}

class QatStep : public ClassifyStep {
 public:
  QatStep(const Recipe& recipe, ClassifySetup setup, const AdderQuantSettings& settings,
          std::vector<std::shared_ptr<FakeQuantizedAdder>> layers)
      : ClassifyStep(recipe, std::move(setup)), settings_(settings), layers_(std::move(layers)) {
    for (const auto& layer : layers_) {
      const Node& node = setup_.model.graph.node(layer->plan().node);
      net_->replace_node(node.name, [layer](const TorchArgs& args) { return std::vector{layer->forward(args)}; });
    }
  }

  Model export_model() override {
    std::vector<AdderLayerPlan> plans;
    for (const auto& layer : layers_) plans.push_back(layer->plan());
    const Model learned = ClassifyStep::export_model();
    fit_all_ranges(learned, plans, settings_.grid);
    return with_quantized_adders(learned, plans, settings_.grid);
  }

 private:
  AdderQuantSettings settings_;
  std::vector<std::shared_ptr<FakeQuantizedAdder>> layers_;
};

// What a resumed run cannot find again: the ranges of the inputs, which move.
class RangesInCheckpoint : public Hook {
 public:
  explicit RangesInCheckpoint(std::vector<std::shared_ptr<FakeQuantizedAdder>> layers) : layers_(std::move(layers)) {}

  std::map<std::string, torch::Tensor> state() const override {
    std::vector<float> magnitudes;
    for (const auto& layer : layers_) magnitudes.push_back(layer->plan().input.magnitude);
    return {{"input_magnitudes", torch::tensor(magnitudes)}};
  }
  void load(const std::map<std::string, torch::Tensor>& state) override {
    const torch::Tensor& magnitudes = state.at("input_magnitudes");
    require(magnitudes.numel() == static_cast<std::int64_t>(layers_.size()),
            "the checkpoint is of a network with {} adder layers, not {}", magnitudes.numel(), layers_.size());
    for (std::size_t i = 0; i < layers_.size(); ++i)
      layers_[i]->set_input_magnitude(magnitudes[static_cast<std::int64_t>(i)].item<float>());
  }

 private:
  std::vector<std::shared_ptr<FakeQuantizedAdder>> layers_;
};

// Running statistics of the quantised network, to start from.
void take_statistics(Model& model, const Model& quantized, const Batches& batches, int threads) {
  const Model found = reestimate_batch_norm(quantized, batches, threads);
  Communicator& all = Communicator::instance();
  for (const Node& node : model.graph.nodes()) {
    if (node.op->name != "batch_norm") continue;
    for (std::size_t i : {3u, 4u}) {
      const std::string& name = model.graph.value(node.inputs[i]).name;
      Tensor t = found.weights.find(name)->second.clone();
      std::span<float> values(t.data<float>(), static_cast<std::size_t>(t.numel()));
      all.sum(values);
      for (float& v : values) v /= static_cast<float>(all.size());
      model.weights.insert_or_assign(name, std::move(t));
    }
  }
}

TrainingPlan plan_qat(const Recipe& recipe) {
  const AdderQuantSettings settings = settings_of(recipe);
  if (recipe.model.weights.empty())
    fail_usage("model.weights: adder_qat starts from a trained float network, so name its file");
  ClassifySetup setup = set_up_classifier(recipe);
  std::vector<AdderLayerPlan> plans = find_adder_layers(setup.model);
  const Batches batches = first_batches(*setup.train, settings.samples);
  measure_inputs(setup.model, plans, batches, settings.alpha, settings.threads);
  average_over_processes(plans);
  choose_all_scales(setup.model, plans, settings.grid);
  if (settings.batch_norm != BatchNormStatistics::keep)
    take_statistics(setup.model, with_quantized_adders(setup.model, plans, settings.grid), batches, settings.threads);
  std::vector<std::shared_ptr<FakeQuantizedAdder>> layers;
  for (const AdderLayerPlan& plan : plans) {
    layers.push_back(std::make_shared<FakeQuantizedAdder>(plan, settings.grid));
    layers.back()->alpha = settings.alpha;
  }
  TrainingPlan plan;
  plan.hooks.push_back(std::make_shared<RangesInCheckpoint>(layers));
  auto step = std::make_unique<QatStep>(recipe, std::move(setup), settings, std::move(layers));
  plan.data = &step->batches();
  plan.step = std::move(step);
  return plan;
}

}  // namespace

FRUGAL_TRAIN_METHOD(adder_qat_torch) { registry.add("adder_qat", plan_qat); }

}  // namespace frugal
