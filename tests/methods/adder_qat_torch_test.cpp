// The quantised adder layer in training, and the trained network in LibTorch against the engine.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "frugal/session.h"
#include "graph/op.h"
#include "methods/adder_network.h"
#include "methods/adder_quant/fake_quant_torch.h"
#include "methods/adder_quant/options.h"
#include "support/bars.h"
#include "tasks/classify_torch.h"
#include "train/interpreter.h"
#include "train/recipe.h"
#include "train/train_method.h"
#include "train/trainer.h"

namespace frugal::test {
namespace {

const std::vector<std::vector<std::string>>& all_settings() {
  static const std::vector<std::vector<std::string>> all = {
      {"bits=8"},
      {"bits=4"},
      {"bits=4", "restore=off"},
      {"bits=4", "limit=off"},
      {"bits=5", "clamp=signed", "restore=off", "align=1", "cluster=kmeans"},
      {"bits=6", "clamp=signed"},
      {"bits=4", "clamp=none"},
      {"bits=2"},
      {"bits=4", "scheme=qssf"},
      {"bits=6", "scheme=qssf", "range=weights"}};
  return all;
}

// The float network with its adder layers replaced by those in training, and the network of whole numbers.
struct Both {
  Model model, quantized;
  std::vector<std::shared_ptr<FakeQuantizedAdder>> layers;
  std::unique_ptr<Interpreter> fake;

  Both(Model float_model, const AdderQuantSettings& s) : model(std::move(float_model)) {
    std::vector<AdderLayerPlan> plans = find_adder_layers(model);
    measure_inputs(model, plans, adder_pictures(), s.alpha, 1);
    choose_all_scales(model, plans, s.grid);
    quantized = with_quantized_adders(model, plans, s.grid);
    fake = std::make_unique<Interpreter>(model.graph, model.weights);
    for (const AdderLayerPlan& plan : plans) {
      layers.push_back(std::make_shared<FakeQuantizedAdder>(plan, s.grid));
      fake->replace_node(model.graph.node(plan.node).name,
                         [layer = layers.back()](const TorchArgs& args) { return std::vector{layer->forward(args)}; });
    }
  }
};

Tensor by_torch(const Model& model, const Tensor& x) {
  torch::NoGradGuard no_grad;
  return from_torch(Interpreter(model.graph, model.weights).forward({to_torch(x)}, false)[0]);
}

TEST(AdderQat, TrainingSeesWhatTheWholeNumbersGive) {
  const Tensor x = random_tensor({8, 3, 12, 12}, 50);
  for (bool relu : {true, false})
    for (const std::vector<std::string>& given : all_settings()) {
      Both both(adder_network({.relu_before = relu}), settings_of(given));
      torch::NoGradGuard no_grad;
      const Tensor fake = from_torch(both.fake->forward({to_torch(x)}, false)[0]);
      const std::string name = testing::PrintToString(given);
      EXPECT_TRUE(close(fake, by_torch(both.quantized, x), 1e-3, 1e-4)) << name;
      const Tensor engine = Session(both.quantized, {.threads = 1}).run({x})[0];
      EXPECT_TRUE(close(engine, by_torch(both.quantized, x), 1e-3, 1e-4)) << name;
      for (std::int64_t i = 0; i < 8; ++i) {
        auto best = [&](const Tensor& t) {
          return std::max_element(t.data<float>() + 5 * i, t.data<float>() + 5 * (i + 1)) - t.data<float>();
        };
        EXPECT_EQ(best(engine), best(fake)) << name << " picture " << i;
      }
    }
}

// A batch norm's running statistics after one batch with momentum 1 are those of the batch.
TEST(AdderQat, ReestimatedStatisticsAreThoseOfTraining) {
  const AdderQuantSettings s = settings_of({"bits=4"});
  Both both(adder_network(), s);
  Graph graph(both.quantized.graph.name());
  Model eager = both.quantized;
  Interpreter net(eager.graph, eager.weights);
  const Batches batch{adder_pictures()[1]};
  const Model made = reestimate_batch_norm(eager, batch, 1);
  torch::NoGradGuard no_grad;
  // With momentum 0.1, many passes over the same batch converge to its statistics.
  for (int i = 0; i < 120; ++i) net.forward({to_torch(batch[0][0])}, true);
  for (const auto& [name, tensor] : net.weights())
    if (name.find("running") != std::string::npos) {
      EXPECT_TRUE(close(made.weights.at(name), from_torch(tensor), 2e-3, 2e-3)) << name;
    }
}

TEST(AdderQat, GradientsFollowTheRulesOfTheLayer) {
  for (const std::vector<std::string>& given : all_settings()) {
    Both both(adder_network(), settings_of(given));
    const torch::Tensor x = to_torch(random_tensor({8, 3, 12, 12}, 51));
    both.fake->forward({x}, true)[0].square().sum().backward();
    for (const char* name : {"a.adder", "b.adder", "down.adder"}) {
      const torch::Tensor g = both.fake->weights().at(name).grad();
      ASSERT_TRUE(g.defined());
      EXPECT_NEAR(g.square().mean().sqrt().item<double>(), 0.2, 1e-4) << name << testing::PrintToString(given);
    }
    EXPECT_GT(both.fake->weights().at("conv1.weight").grad().abs().max().item<double>(), 0);
  }
}

// One layer: x beyond the limit has no gradient; a weight beyond the range has one only where nothing of it is lost.
TEST(AdderQat, WhatIsCutOffHasNoGradient) {
  GraphBuilder b("one");
  const ValueId in = b.input("x", {1, 1, 1, 3});
  b.output(b.op("adder_conv2d", {in, b.weight("w", {1, 1, 1, 1})}, {{"eta", 0.0}}, "layer"), "y");
  const Graph graph = b.finish();
  for (bool lossless : {true, false}) {
    AdderGridSettings s{
        .bits = 4, .groups = 1, .clamp = lossless ? WeightClamp::both : WeightClamp::lost, .restore = false};
    Interpreter net(graph, {{"w", Tensor::from<float>({1, 1, 1, 1}, {2.5f})}});
    FakeQuantizedAdder layer({0, {1, false}, {{0}, {1.0f}}}, s);
    net.replace_node("layer", [&](const TorchArgs& args) { return std::vector{layer.forward(args)}; });
    torch::Tensor x = torch::tensor({0.25f, 0.75f, 3.0f}).view({1, 1, 1, 3}).requires_grad_();
    net.forward({x}, false)[0].sum().backward();
    EXPECT_GT(x.grad()[0][0][0][0].item<float>(), 0);
    EXPECT_EQ(x.grad()[0][0][0][2].item<float>(), 0);
    const float dw = net.weights().at("w").grad().item<float>();
    // The sum of x - w on the grid of 15 steps, the third x cut at 1: the clamped weight is 14 / 15, its rest in the
    // bias 1.5 for each pixel.
    if (lossless)
      EXPECT_NEAR(dw, 4.0 / 15 + 11.0 / 15 + 1 - 3 * 14.0 / 15 - 3 * 1.5, 1e-5);
    else
      EXPECT_EQ(dw, 0);
  }
}

// What a clamp takes off a weight is not taken off its gradients: an input of 0 above a weight of -2 pulls as hard as
// in the float layer. Ranges follow the weights and the inputs.
TEST(AdderQat, ClampedWeightsGiveTheGradientsOfWholeOnes) {
  GraphBuilder b("one");
  const ValueId in = b.input("x", {1, 2, 4, 4});
  b.output(b.op("adder_conv2d", {in, b.weight("w", {4, 2, 3, 3})}, {{"eta", 0.0}, {"padding", Ints{1, 1, 1, 1}}}, "l"),
           "y");
  const Graph graph = b.finish();
  const Tensor w = from_torch(2 * to_torch(random_tensor({4, 2, 3, 3}, 7))), g = random_tensor({1, 4, 4, 4}, 8);
  const auto gradients = [&](FakeQuantizedAdder* layer) {
    Interpreter net(graph, {{"w", w}});
    if (layer) net.replace_node("l", [layer](const TorchArgs& args) { return std::vector{layer->forward(args)}; });
    const torch::Tensor x = to_torch(random_tensor({1, 2, 4, 4}, 9)).clamp(0, 1).requires_grad_();
    net.forward({x}, false)[0].backward(to_torch(g));
    return std::pair{from_torch(x.grad()), from_torch(net.weights().at("w").grad())};
  };
  const auto [dx, dw] = gradients(nullptr);
  for (WeightClamp clamp : {WeightClamp::above0, WeightClamp::both}) {
    FakeQuantizedAdder layer({0, {1, false}, {{0, 0, 0, 0}, {9.0f}}}, {.bits = 8, .clamp = clamp});
    const auto [fake_dx, fake_dw] = gradients(&layer);
    EXPECT_EQ(layer.plan().scales.range, std::vector{1.0f});
    EXPECT_TRUE(close(fake_dx, dx, 0.15, 0)) << "of sums of 36 taps, each off by half a step";
    EXPECT_TRUE(close(fake_dw, dw, 0.15, 0));
  }
}

class AdderQatTraining : public testing::Test {
 protected:
  AdderQatTraining() {
    torch::set_num_threads(1);
    write_bars(dir_.path(), "train", 64, 1);
    write_bars(dir_.path(), "t10k", 32, 2);
  }

  Recipe recipe(const std::string& output, std::vector<std::string> more = {}) const {
    std::vector<std::string> set{"model.name=adder_resnet20_cifar",
                                 "model.options.width=4",
                                 "data.name=" + dir_.path().string(),
                                 "batch=16",
                                 "epochs=6",
                                 "optimizer.lr=0.05",
                                 "output=" + (dir_ / output).string()};
    set.insert(set.end(), more.begin(), more.end());
    return parse_recipe("seed: 5\nthreads: 1", "test", set);
  }

  Recipe qat(const std::string& output, std::vector<std::string> more = {}) const {
    std::vector<std::string> set{"method.name=adder_qat", "method.bits=4", "optimizer.lr=0.01",
                                 "model.weights=" + (dir_ / "float/model.safetensors").string()};
    set.insert(set.end(), more.begin(), more.end());
    return recipe(output, set);
  }

  static TrainResult train(const Recipe& recipe, bool resume = false, int stop_after = -1) {
    TrainingPlan plan = TrainMethodRegistry::instance().plan(recipe);
    int steps = 0;
    Trainer trainer(recipe, *plan.step, *plan.data, plan.hooks,
                    [&] { return stop_after >= 0 && steps++ >= stop_after; });
    return trainer.run(resume);
  }

  void train_float() const {
    const Recipe r = recipe("float");
    ClassifyStep step(r, set_up_classifier(r));
    Trainer(r, step, step.batches()).run(false);
  }

  TempDir dir_;
};

TEST_F(AdderQatTraining, WritesWholeNumbersThatTheEngineRunsAsItMeasured) {
  train_float();
  const Recipe r = qat("qat");
  const TrainResult result = train(r);
  const Model model = load_model(result.model);
  int layers = 0;
  for (const Node& node : model.graph.nodes()) {
    EXPECT_NE(node.op->name, "adder_conv2d");
    layers += node.op->name == "quantized_adder_conv2d";
  }
  EXPECT_EQ(layers, 20);
  const ClassifySetup setup = set_up_classifier(recipe("other"));
  Session session(model, {.threads = 1});
  double right = 0, loss = 0, pictures = 0;
  for (std::int64_t i = 0; i < setup.test->steps(); ++i) {
    const Batch batch = setup.test->load(0, i);
    const torch::Tensor logits = to_torch(session.run({from_torch(batch.inputs[0])})[0]);
    const torch::Tensor& labels = batch.targets.at("labels");
    right += (logits.argmax(1) == labels).sum().item<double>();
    loss += torch::nll_loss(torch::log_softmax(logits, 1), labels, {}, torch::Reduction::Sum).item<double>();
    pictures += static_cast<double>(batch.samples);
  }
  // Sums of floats in another order can move an input that lies between two of the few steps to the other one.
  EXPECT_NEAR(result.metrics.at("accuracy"), right / pictures, 1.5 / pictures);
  EXPECT_NEAR(result.metrics.at("loss"), loss / pictures, 1e-2);
}

TEST_F(AdderQatTraining, AResumedRunIsTheUnbrokenOne) {
  train_float();
  const TrainResult whole = train(qat("whole"));
  EXPECT_TRUE(train(qat("broken"), false, 6).stopped);
  const TrainResult resumed = train(qat("broken"), true);
  EXPECT_EQ(whole.metrics, resumed.metrics);
  const Model a = load_model((dir_ / "whole/last.safetensors").string()),
              b = load_model((dir_ / "broken/last.safetensors").string());
  for (const auto& [name, tensor] : a.weights) EXPECT_TRUE(same(tensor, b.weights.at(name))) << name;
}

TEST_F(AdderQatTraining, NeedsATrainedAdderNetwork) {
  EXPECT_THROW(train(recipe("none", {"method.name=adder_qat"})), UsageError);
  train_float();
  EXPECT_THROW(train(qat("bits", {"method.bits=9"})), UsageError);
}

}  // namespace
}  // namespace frugal::test
