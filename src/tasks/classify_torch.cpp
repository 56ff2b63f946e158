#include "tasks/classify_torch.h"

#include <filesystem>

#include "base/check.h"
#include "formats/weights.h"
#include "graph/initial_weights.h"
#include "models/registry.h"
#include "train/autocast.h"
#include "train/communicator.h"
#include "train/loss.h"
#include "train/prefetcher.h"

namespace frugal {
namespace {

// The size of the pictures where all have one; else the recipe's, or the network's own.
TaskInfo input_of(const Recipe& recipe, const ImageDataset& data, const ModelEntry& entry) {
  TaskInfo info;
  const Tensor& pixels = data.pixels();
  auto choose = [&](std::int64_t wanted, int dim, std::int64_t own) {
    return wanted > 0 ? wanted : pixels.defined() ? pixels.dim(dim) : own;
  };
  info.channels = choose(recipe.model.channels, 1, entry.defaults.channels);
  info.height = choose(recipe.model.size.empty() ? 0 : recipe.model.size[0], 2, entry.defaults.height);
  info.width = choose(recipe.model.size.empty() ? 0 : recipe.model.size[1], 3, entry.defaults.width);
  return info;
}

std::shared_ptr<const ImageDataset> open_split(const Recipe& recipe, const std::string& split) {
  return std::shared_ptr<const ImageDataset>(open_dataset(recipe.data.name, split));
}

}  // namespace

ClassifySetup set_up_classifier(const Recipe& recipe) {
  const ModelEntry& entry = ModelRegistry::instance().get(recipe.model.name);
  if (entry.task != "classify")
    fail_usage("model.name: '{}' is a network for the task '{}', not a classifier", entry.name, entry.task);
  std::shared_ptr<const ImageDataset> train = open_split(recipe, recipe.data.train),
                                      test = open_split(recipe, recipe.data.test);
  require(train->class_names() == test->class_names(), "the splits '{}' and '{}' of {} have different classes",
          recipe.data.train, recipe.data.test, recipe.data.name);
  const auto in_data = static_cast<std::int64_t>(train->class_names().size());
  const std::int64_t classes = recipe.model.classes > 0 ? recipe.model.classes : in_data;
  if (classes < in_data) fail_usage("model.classes is {}, but the data have {} classes", classes, in_data);

  ClassifySetup setup;
  setup.input = input_of(recipe, *train, entry);
  auto batches = [&](std::shared_ptr<const ImageDataset> data, bool training) {
    Communicator& c = Communicator::instance();
    const int threads = data->pixels().defined() ? 1
                        : recipe.threads > 0     ? static_cast<int>(recipe.threads)
                                                 : available_cores();
    return std::make_unique<ImageBatches>(
        std::move(data), setup.input, recipe.augment, training ? recipe.batch : recipe.eval.batch,
        training ? recipe.data.train_limit : recipe.data.test_limit, static_cast<std::uint64_t>(recipe.seed), training,
        Share{c.rank(), c.size()}, threads);
  };
  setup.train = batches(train, true);
  setup.test = batches(test, false);
  setup.input.mean = setup.train->augmenter().mean();
  setup.input.std = setup.train->augmenter().std();

  ModelOptions options{
      .classes = classes, .channels = setup.input.channels, .height = setup.input.height, .width = setup.input.width};
  for (const auto& [key, value] : recipe.model.options) options.extra[key] = value;
  setup.model.graph = build_network(recipe.model.name, options);
  setup.model.weights = initial_weights(setup.model.graph, static_cast<std::uint64_t>(recipe.seed));
  if (!recipe.model.weights.empty()) take_matching_weights(setup.model.weights, recipe.model.weights);
  set_task_info(setup.model, setup.input);
  set_class_labels(setup.model, train->class_names());
  return setup;
}

ClassifyStep::ClassifyStep(const Recipe& recipe, ClassifySetup setup) : recipe_(recipe), setup_(std::move(setup)) {
  net_ = std::make_unique<Interpreter>(setup_.model.graph, setup_.model.weights, torch::Device(recipe.device));
}

torch::Tensor ClassifyStep::forward(const Batch& batch, bool training) {
  AutocastScope mixed(net_->device(), recipe_.precision == "bfloat16");
  // oneDNN and cuDNN both run convolutions faster with channels innermost.
  return net_->forward({batch.inputs[0].contiguous(torch::MemoryFormat::ChannelsLast)}, training)[0];
}

Terms ClassifyStep::run(const Batch& batch, const Minimize& minimize) {
  torch::Tensor loss = classification_loss(forward(batch, true), batch, recipe_.loss);
  minimize(loss, {});
  return {{"loss", loss.detach()}};
}

Metrics ClassifyStep::evaluate() {
  torch::NoGradGuard no_grad;
  double correct = 0, loss = 0, samples = 0;
  Prefetcher batches(*setup_.test, 0);
  for (std::int64_t step = 0; step < setup_.test->steps(); ++step) {
    Batch batch = batches.next().to(net_->device());
    if (batch.samples == 0) continue;
    torch::Tensor logits = forward(batch, false), labels = batch.targets.at("labels");
    correct += (logits.argmax(1) == labels).sum().item<double>();
    loss += torch::nll_loss(torch::log_softmax(logits.to(torch::kFloat32), 1), labels, {}, torch::Reduction::Sum)
                .item<double>();
    samples += static_cast<double>(batch.samples);
  }
  std::vector<double> sums{correct, loss, samples};
  Communicator::instance().sum(sums);
  return {{"accuracy", sums[0] / sums[2]}, {"loss", sums[1] / sums[2]}};
}

Model ClassifyStep::export_model() {
  Model model;
  model.graph = setup_.model.graph;
  model.weights = net_->export_weights();
  model.metadata = setup_.model.metadata;
  return model;
}

}  // namespace frugal
