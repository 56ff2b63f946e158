// Masked pretraining: what is hidden stays hidden, and the loss falls.
#include "tasks/detection/masked_torch.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "frugal/image.h"
#include "models/registry.h"
#include "support/support.h"
#include "tasks/detection/detect_step_torch.h"
#include "train/train_method.h"
#include "train/trainer.h"

namespace frugal {
namespace {

using torch::Tensor;

Graph backbone(std::int64_t side) {
  return build_network("gold_yolo_pico", {.height = side, .width = side, .extra = {{"head", "none"}}});
}

std::shared_ptr<PatchMask> drawn(std::int64_t batch, std::int64_t patches) {
  auto mask = std::make_shared<PatchMask>();
  mask->draw(batch, patches, patches, 0.6, torch::kCPU);
  return mask;
}

TEST(PatchMask, HidesItsShareOfEveryPicture) {
  torch::manual_seed(1);
  PatchMask mask;
  mask.draw(5, 7, 7, 0.6, torch::kCPU);
  EXPECT_TRUE((mask.seen().flatten(1).sum(1) == 20).all().item<bool>());  // round(49 * 0.4)
  EXPECT_FALSE(torch::equal(mask.seen()[0], mask.seen()[1]));
  const Tensor fine = mask.at(28, 14);
  EXPECT_EQ(fine.sizes(), (std::vector<std::int64_t>{5, 1, 28, 14}));
  EXPECT_TRUE(torch::equal(fine.slice(2, 3, {}, 4).slice(3, 1, {}, 2), mask.seen()));
}

// With the statistics of the batch and with running ones: hidden pixels change nothing that is seen, and nothing but 0
// is where they are.
TEST(Masked, NothingLeaksFromWhatIsHidden) {
  torch::set_num_threads(1);
  torch::manual_seed(2);
  torch::NoGradGuard no_grad;
  const Graph graph = backbone(128);
  const Weights weights = initial_weights(graph, 4);
  const auto mask = drawn(3, 4);
  const Tensor seen = mask->at(128, 128), a = torch::rand({3, 3, 128, 128}),
               b = a * seen + torch::rand_like(a) * 3 * (1 - seen);
  for (bool training : {true, false}) {
    std::vector<Tensor> of_a, of_b;
    for (auto [x, out] : {std::pair{&a, &of_a}, {&b, &of_b}}) {
      Interpreter net(graph, weights);
      hide(net, mask);
      *out = net.forward({*x * seen}, training);
    }
    Interpreter plain(graph, weights);
    const std::vector<Tensor> dense = plain.forward({a * seen}, training);
    for (std::size_t i = 0; i < of_a.size(); ++i) {
      const Tensor here = mask->at(of_a[i].size(2), of_a[i].size(3));
      EXPECT_TRUE(torch::equal(of_a[i], of_b[i]));
      EXPECT_EQ((of_a[i] * (1 - here)).abs().max().item<float>(), 0);
      EXPECT_GT((of_a[i] * here).abs().max().item<float>(), 0);
      EXPECT_GT((dense[i] * (1 - here)).abs().max().item<float>(), 0) << "a usual network does look there";
    }
  }
}

// By hand: statistics of a batch norm are those of the pixels that are seen.
TEST(Masked, NormsCountWhatIsSeen) {
  torch::NoGradGuard no_grad;
  torch::manual_seed(3);
  const Graph graph = backbone(64);
  Interpreter net(graph, initial_weights(graph, 4));
  const auto mask = drawn(2, 2);
  hide(net, mask);
  std::map<std::string, Tensor> taps{{"backbone.stem.rbr_dense.conv", {}}, {"backbone.stem.rbr_dense.bn", {}}};
  net.forward({torch::rand({2, 3, 64, 64}) * mask->at(64, 64)}, true, &taps);
  const Tensor here = (mask->at(32, 32) > 0).squeeze(1);
  const auto rows = [&](const char* name) { return taps.at(name).permute({0, 2, 3, 1}).index({here}); };
  const Tensor x = rows("backbone.stem.rbr_dense.conv"), y = rows("backbone.stem.rbr_dense.bn");
  EXPECT_TRUE(torch::allclose(y, (x - x.mean(0)) / (x.var(0, false) + 1e-3).sqrt(), 1e-3, 1e-4));
  EXPECT_TRUE(
      torch::allclose(net.weights().at("backbone.stem.rbr_dense.bn.running_mean"), 0.03 * x.mean(0), 1e-4, 1e-6));
}

TEST(Masked, LossIsOfHiddenPatchesAsTheyDeviate) {
  torch::manual_seed(5);
  const Tensor pictures = torch::rand({2, 3, 64, 64});
  const Tensor patches = normalized_patches(pictures);
  EXPECT_EQ(patches.sizes(), (std::vector<std::int64_t>{2, 4, 3072}));
  const Tensor first = pictures[1].slice(1, 0, 32).slice(2, 32, 64).permute({1, 2, 0}).flatten();  // row 0, column 1
  EXPECT_TRUE(torch::allclose(patches[1][1], (first - first.mean()) / (first.var(0, true) + 1e-6).sqrt(), 1e-4, 1e-5));
  const auto mask = drawn(2, 2);
  // Pictures whose patches are the wanted ones.
  const Tensor wanted = patches.view({2, 2, 2, 32, 32, 3}).permute({0, 5, 1, 3, 2, 4}).reshape({2, 3, 64, 64});
  EXPECT_NEAR(masked_loss(wanted, pictures, *mask).item<double>(), 0, 1e-10);
  EXPECT_NEAR(masked_loss(wanted + 5 * mask->at(64, 64), pictures, *mask).item<double>(), 0,
              1e-9);  // seen ones do not count
  EXPECT_NEAR(masked_loss(wanted + 2 * (1 - mask->at(64, 64)), pictures, *mask).item<double>(), 4, 1e-4);
}

// From a folder of pictures to a backbone that a detector starts from.
TEST(Masked, PretrainingLearnsAndADetectorTakesItsWeights) {
  torch::set_num_threads(1);
  test::TempDir dir;
  std::filesystem::create_directories(dir / "images");
  std::filesystem::create_directories(dir / "annotations");
  nlohmann::json truth{{"images", nlohmann::json::array()},
                       {"annotations", nlohmann::json::array()},
                       {"categories", {{{"id", 1}, {"name", "stripe"}}}}};
  // Every patch rises to the right in one half of the pictures, downwards in the other: who does not look at what is
  // seen can only say the mean of both, whose loss is 0.5.
  for (int i = 0; i < 8; ++i) {
    Image image(96, 96);
    for (int y = 0; y < 96; ++y)
      for (int x = 0; x < 96; ++x)
        for (int c = 0; c < 3; ++c)
          image.pixels[static_cast<std::size_t>((y * 96 + x) * 3 + c)] =
              static_cast<std::uint8_t>((i % 2 ? x : y) % 32 * 7);
    write_png((dir / "images" / (std::to_string(i) + ".png")).string(), image);
    truth["images"].push_back({{"id", i}, {"file_name", std::to_string(i) + ".png"}});
  }
  test::write_file(dir / "annotations" / "train.json", truth.dump());
  const Recipe recipe = parse_recipe(
      "model: {name: gold_yolo_pico, size: [96, 96]}\nmethod: {name: masked_pretraining, decoder_width: 64}", "test",
      {"data.name=" + dir.path().string(), "data.test=train", "output=" + (dir / "out").string(), "batch=8",
       "epochs=40", "optimizer.kind=adamw", "optimizer.lr=3e-3", "detect.mosaic=0", "detect.scale=0",
       "detect.translate=0", "detect.hue=0", "detect.saturation=0", "detect.value=0", "detect.flip=0", "eval.every=40",
       "eval.norm_batches=1", "threads=1", "seed=3"});
  TrainingPlan plan = TrainMethodRegistry::instance().plan(recipe);
  const double before = plan.step->evaluate().at("loss");
  Trainer trainer(recipe, *plan.step, *plan.data, plan.hooks);
  const TrainResult result = trainer.run(false);
  EXPECT_GT(before, 0.9);  // patches have deviation 1
  EXPECT_LT(result.metrics.at("loss"), 0.5);
  const Model model = load_model(result.model);
  EXPECT_EQ(model.graph.outputs().size(), 4u);
  for (const auto& [name, tensor] : model.weights) EXPECT_TRUE(name.starts_with("backbone.")) << name;
  const Recipe detector = parse_recipe(
      "model: {name: gold_yolo_pico, size: [64, 64]}", "test",
      {"data.name=" + dir.path().string(), "data.test=train", "output=x", "model.weights=" + result.model});
  DetectStep step(detector);
  const char* stem = "backbone.stem.rbr_dense.conv.weight";
  EXPECT_TRUE(test::same(step.export_model().weights.at(stem), model.weights.at(stem)));
}

}  // namespace
}  // namespace frugal
