// The backbone of a detector learns from pictures without labels, by saying what is behind hidden patches.
#include <filesystem>
#include <memory>

#include "base/check.h"
#include "formats/weights.h"
#include "frugal/task_info.h"
#include "methods/method.h"
#include "models/registry.h"
#include "tasks/detection/batches_torch.h"
#include "tasks/detection/masked_torch.h"
#include "train/autocast.h"
#include "train/communicator.h"
#include "train/train_method.h"

namespace frugal {
namespace {

const std::vector<MethodOption> kOptions{{"hidden", "0.6", "share of the patches of 32 x 32 pixels that are hidden"},
                                         {"decoder_width", "768", "channels of the decoder at its coarsest"}};

Graph backbone_of(const Recipe& recipe) {
  ModelOptions options{.channels = 3};
  for (const auto& [key, value] : recipe.model.options) options.extra[key] = value;
  options.extra["head"] = "none";
  options.height = recipe.model.size.empty() ? 224 : recipe.model.size[0];
  options.width = recipe.model.size.empty() ? 224 : recipe.model.size[1];
  if (options.height != options.width)
    fail_usage("model.size: the backbone learns from squares, not {} x {}", options.height, options.width);
  return build_network(recipe.model.name, options);
}

// Pictures as they are, for the loss that is reported.
Recipe without_chance(Recipe recipe) {
  Recipe::Detect& d = recipe.detect;
  d.mosaic = d.mixup = d.scale = d.translate = d.degrees = d.shear = d.hue = d.saturation = d.value = d.flip = 0;
  recipe.augment.crop = recipe.augment.cutout = 0;
  recipe.augment.flip = false;
  recipe.batch = std::min(recipe.batch, recipe.eval.batch);
  return recipe;
}

// Labels are not looked at: a folder of a detector's pictures, or of a classifier's.
std::unique_ptr<BatchSource> pictures_of(const Recipe& recipe, const std::string& split, std::int64_t side) {
  const Communicator& c = Communicator::instance();
  const Share share{c.rank(), c.size()};
  if (std::filesystem::is_directory(std::filesystem::path(recipe.data.name) / "annotations"))
    return std::make_unique<DetectionBatches>(std::make_shared<const DetectionDataset>(recipe.data.name, split), recipe,
                                              static_cast<int>(side), share);
  TaskInfo input;
  input.channels = 3;
  input.height = input.width = side;
  return std::make_unique<ImageBatches>(std::shared_ptr<const ImageDataset>(open_dataset(recipe.data.name, split)),
                                        input, recipe.augment, recipe.batch,
                                        split == recipe.data.train ? recipe.data.train_limit : recipe.data.test_limit,
                                        static_cast<std::uint64_t>(recipe.seed), true, share,
                                        static_cast<int>(recipe.threads > 0 ? recipe.threads : available_cores()));
}

class MaskedStep : public TrainStep {
 public:
  MaskedStep(const Recipe& recipe, const MethodOptions& options)
      : recipe_(recipe), still_(without_chance(recipe)), hidden_(options.number("hidden", 0.05, 0.95)) {
    backbone_.graph = backbone_of(recipe);
    const SymShape& shape = backbone_.graph.value(backbone_.graph.inputs()[0]).type.shape;
    side_ = shape[2].value();
    const auto seed = static_cast<std::uint64_t>(recipe.seed);
    backbone_.weights = initial_weights(backbone_.graph, seed);
    if (!recipe.model.weights.empty()) take_matching_weights(backbone_.weights, recipe.model.weights);
    require(backbone_.graph.outputs().size() == 4, "'{}' has no backbone of four maps", recipe.model.name);
    std::vector<std::int64_t> channels;
    for (std::size_t i = 4; i-- > 0;)
      channels.push_back(backbone_.graph.value(backbone_.graph.outputs()[i]).type.shape[1].value());
    decoder_graph_ = masked_decoder(channels, side_, side_, options.integer("decoder_width", 8, 8192));
    const torch::Device device(recipe.device);
    encoder_ = std::make_unique<Interpreter>(backbone_.graph, backbone_.weights, device);
    decoder_ = std::make_unique<Interpreter>(decoder_graph_, initial_weights(decoder_graph_, seed), device);
    hide(*encoder_, mask_);
    hide_norms(*decoder_, "norm", mask_);  // of the encoder's maps; what the decoder makes of them is dense
    train_ = pictures_of(recipe_, recipe.data.train, side_);
    test_ = pictures_of(still_, recipe.data.test, side_);
  }

  std::vector<Part> parts() override { return {{"backbone", encoder_.get()}, {"decoder", decoder_.get()}}; }

  Terms run(const Batch& batch, const Minimize& minimize) override {
    const torch::Tensor loss = loss_of(batch, true);
    minimize(loss * (static_cast<double>(batch.samples) / static_cast<double>(batch.global_samples)), {});
    return {{"loss", loss.detach()}};
  }
  void run_forward(const Batch& batch) override { loss_of(batch, true); }

  Metrics evaluate() override {
    torch::NoGradGuard no_grad;
    torch::manual_seed(recipe_.seed);
    double sum = 0;
    for (std::int64_t step = 0; step < test_->steps(); ++step)
      sum += loss_of(test_->load(0, step).to(encoder_->device()), false).item<double>();
    const Communicator& all = Communicator::instance();
    return {{"loss", Communicator::instance().sum(sum / static_cast<double>(test_->steps())) / all.size()}};
  }
  std::string best_metric() const override { return "loss"; }
  bool higher_is_better() const override { return false; }

  Model export_model() override {
    Model model;
    model.graph = backbone_.graph;
    model.weights = encoder_->export_weights();
    return model;
  }
  const BatchSource& batches() const { return *train_; }

 private:
  torch::Tensor loss_of(const Batch& batch, bool training) {
    const torch::Tensor& pictures = batch.inputs[0];
    mask_->draw(pictures.size(0), side_ / kPatch, side_ / kPatch, hidden_, pictures.device());
    torch::Tensor made;
    {
      AutocastScope mixed(encoder_->device(), recipe_.precision == "bfloat16");
      const torch::Tensor shown = pictures * mask_->at(side_, side_);
      std::vector<torch::Tensor> maps =
          encoder_->forward({shown.contiguous(torch::MemoryFormat::ChannelsLast)}, training);
      std::vector<torch::Tensor> in;
      for (std::size_t i = 4; i-- > 0;) {
        in.push_back(maps[i]);
        in.push_back(1 - mask_->at(maps[i].size(2), maps[i].size(3)));
      }
      made = decoder_->forward(in, training)[0];
    }
    return masked_loss(made, pictures, *mask_);
  }

  const Recipe& recipe_;
  Recipe still_;
  double hidden_;
  std::int64_t side_ = 0;
  Model backbone_;
  Graph decoder_graph_;
  std::shared_ptr<PatchMask> mask_ = std::make_shared<PatchMask>();
  std::unique_ptr<Interpreter> encoder_, decoder_;
  std::unique_ptr<BatchSource> train_, test_;
};

TrainingPlan plan_pretraining(const Recipe& recipe) {
  std::vector<std::string> given;
  for (const auto& [name, value] : recipe.method.options) given.push_back(name + "=" + value);
  auto step = std::make_unique<MaskedStep>(recipe, MethodOptions("masked_pretraining", kOptions, given));
  TrainingPlan plan;
  plan.data = &step->batches();
  plan.step = std::move(step);
  return plan;
}

}  // namespace

FRUGAL_TRAIN_METHOD(masked_pretraining_torch) { registry.add("masked_pretraining", plan_pretraining); }

}  // namespace frugal
