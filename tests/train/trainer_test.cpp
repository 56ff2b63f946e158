// The loop: it learns, it can be stopped anywhere, and a resumed run is the run that never stopped.
#include "train/trainer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "formats/safetensors.h"
#include "frugal/image.h"
#include "frugal/session.h"
#include "support/bars.h"
#include "support/support.h"
#include "tasks/classify_torch.h"
#include "train/checkpoint.h"
#include "train/loss.h"
#include "train/train_method.h"

namespace frugal {
namespace {

using test::TempDir;
using test::write_bars;

class TrainerTest : public testing::Test {
 protected:
  TrainerTest() {
    torch::set_num_threads(1);
    write_bars(dir_.path(), "train", 64, 1);
    write_bars(dir_.path(), "t10k", 32, 2);
  }

  Recipe recipe(const std::string& output, std::vector<std::string> more = {}) const {
    std::vector<std::string> set{"model.name=fashion_cnn",
                                 "model.options.width=4",
                                 "data.name=" + dir_.path().string(),
                                 "batch=16",
                                 "epochs=3",
                                 "optimizer.lr=0.05",
                                 "augment.crop=1",
                                 "ema.decay=0.9",
                                 "output=" + (dir_ / output).string()};
    set.insert(set.end(), more.begin(), more.end());
    return parse_recipe("seed: 5", "test", set);
  }

  // Runs until `stop_after` steps are done (all, if negative).
  TrainResult run(const Recipe& recipe, bool resume = false, int stop_after = -1,
                  std::vector<std::shared_ptr<Hook>> hooks = {}) const {
    ClassifyStep step(recipe, set_up_classifier(recipe));
    int steps = 0;
    Trainer trainer(recipe, step, step.batches(), std::move(hooks),
                    [&] { return stop_after >= 0 && steps++ >= stop_after; });
    return trainer.run(resume);
  }

  TempDir dir_;
};

void expect_same_tensors(const std::string& a, const std::string& b) {
  SafetensorsFile x = read_safetensors(a), y = read_safetensors(b);
  ASSERT_EQ(x.tensors.size(), y.tensors.size());
  for (const auto& [name, tensor] : x.tensors) EXPECT_TRUE(test::same(tensor, y.tensors.at(name))) << name;
}

TEST_F(TrainerTest, LearnsSixtyFourPicturesByHeart) {
  Recipe r = recipe("a", {"epochs=12", "augment.crop=0", "ema.decay=0", "data.test=train"});
  TrainResult result = run(r);
  EXPECT_EQ(result.metrics.at("accuracy"), 1);
  EXPECT_EQ(result.epochs, 12);
  EXPECT_FALSE(result.stopped);
}

TEST_F(TrainerTest, TheSavedModelRunsInTheEngineAndSaysWhatItIs) {
  Recipe r = recipe("a");
  TrainResult result = run(r);
  Model model = load_model(result.model);
  EXPECT_EQ(class_labels(model).size(), 4u);
  TaskInfo info = task_info(model).value();
  EXPECT_EQ(info.height, 12);
  EXPECT_EQ(info.channels, 1);
  nlohmann::json metrics = nlohmann::json::parse(model.metadata.at("metrics"));
  EXPECT_EQ(metrics["accuracy"].get<double>(), result.metrics.at("accuracy"));
  EXPECT_EQ(nlohmann::json::parse(model.metadata.at("recipe"))["batch"], 16);
  ImageBatches test(std::shared_ptr<const ImageDataset>(open_dataset(r.data.name, "test")), info, {}, 32, 0, 0, false,
                    Share{});
  Session session(model, {.threads = 1});
  torch::Tensor logits = to_torch(session.run({from_torch(test.load(0, 0).inputs[0])})[0]);
  double accuracy =
      (logits.argmax(1) == test.load(0, 0).targets.at("labels")).to(torch::kFloat64).mean().item<double>();
  EXPECT_NEAR(accuracy, result.metrics.at("accuracy"), 1e-9);
}

TEST_F(TrainerTest, AResumedRunIsTheUnbrokenOneBitForBit) {
  for (const char* optimizer : {"sgd", "adamw", "lamb"}) {
    const std::vector<std::string> more{std::string("optimizer.kind=") + optimizer, "augment.mixup=0.3",
                                        "loss.label_smoothing=0.1"};
    run(recipe("whole", more));
    for (int stop : {0, 2, 4, 7}) {  // before the start, within an epoch, between two
      Recipe r = recipe("parts", more);
      EXPECT_TRUE(run(r, false, stop).stopped);
      EXPECT_TRUE(run(r, true, 3).stopped);
      TrainResult result = run(r, true);
      EXPECT_FALSE(result.stopped);
      for (const char* file : {"checkpoint", "model", "last"})
        expect_same_tensors((dir_ / "whole").string() + "/" + file + ".safetensors",
                            r.output + "/" + file + ".safetensors");
      std::filesystem::remove_all(r.output);
    }
  }
}

// The saved batch norms hold the mean statistics of the epoch's first batches under the saved weights.
TEST_F(TrainerTest, NormsOfTheAveragedWeightsAreMeasuredAnew) {
  const Recipe r = recipe("a", {"epochs=1", "eval.norm_batches=3", "ema.decay=0.99"});
  const Model model = load_model(run(r).model);
  ClassifyStep step(r, set_up_classifier(r));
  Interpreter net(model.graph, model.weights);
  const Node* norm = nullptr;
  for (const Node& node : model.graph.nodes())
    if (!norm && node.op->name == "batch_norm") norm = &node;
  ASSERT_TRUE(norm);
  const std::string before = model.graph.value(norm->inputs[0]).name;
  torch::Tensor mean = torch::zeros({4}, torch::kFloat64), variance = mean.clone();
  torch::NoGradGuard no_grad;
  for (std::int64_t i = 0; i < 3; ++i) {
    std::map<std::string, torch::Tensor> taps{{before, {}}};
    net.forward(step.batches().load(0, i).inputs, true, &taps);
    const torch::Tensor x = taps.at(before).transpose(0, 1).flatten(1).to(torch::kFloat64);
    mean += x.mean(1) / 3;
    variance += x.var(1) / 3;
  }
  const auto saved = [&](std::size_t i) {
    return to_torch(model.weights.at(model.graph.value(norm->inputs[i]).name)).to(torch::kFloat64);
  };
  EXPECT_TRUE(torch::allclose(saved(3), mean, 1e-4, 1e-5));
  EXPECT_TRUE(torch::allclose(saved(4), variance, 1e-4, 1e-5));
}

// Gradients that are still being collected are part of a checkpoint.
TEST_F(TrainerTest, ResumesWithinACollectedStep) {
  const std::vector<std::string> more{"optimizer.accumulate=3", "schedule.kind=yolo", "schedule.warmup_epochs=1",
                                      "schedule.warmup_momentum=0.5", "schedule.warmup_bias_lr=0.1"};
  run(recipe("whole", more));
  for (int stop : {6, 7, 8}) {
    Recipe r = recipe("parts", more);
    EXPECT_TRUE(run(r, false, stop).stopped);
    run(r, true);
    expect_same_tensors((dir_ / "whole/checkpoint.safetensors").string(), r.output + "/checkpoint.safetensors");
    std::filesystem::remove_all(r.output);
  }
}

// A recipe of an older program lacks keys, which had their defaults then.
TEST_F(TrainerTest, ResumesWhereTheRecipeHasNewKeys) {
  Recipe r = recipe("a", {"epochs=1"});
  run(r);
  SafetensorsFile file = read_safetensors(r.output + "/checkpoint.safetensors");
  nlohmann::json saved = nlohmann::json::parse(file.metadata.at("recipe"));
  saved["optimizer"].erase("accumulate");
  saved.erase("detect");
  file.metadata["recipe"] = saved.dump();
  const std::map<std::string, Tensor> tensors(file.tensors.begin(), file.tensors.end());
  write_checkpoint(r.output + "/checkpoint.safetensors", {tensors, file.metadata});
  EXPECT_EQ(run(r, true).epochs, 1);
  EXPECT_ERROR(run(recipe("a", {"epochs=1", "optimizer.accumulate=2"}), true), "optimizer.accumulate");
}

// Of one run, with and without the running mean: the second is what a run without one says.
TEST_F(TrainerTest, MeasuresTheWeightsThemselvesToo) {
  run(recipe("a", {"epochs=2", "eval.raw=true"}));
  run(recipe("b", {"epochs=2", "ema.decay=0"}));
  const auto metrics = [&](const char* name) {
    const Model last = load_model((dir_ / name / "last.safetensors").string());
    return nlohmann::json::parse(last.metadata.at("metrics"));
  };
  EXPECT_EQ(metrics("a").at("raw_loss"), metrics("b").at("loss"));
  EXPECT_NE(metrics("a").at("loss"), metrics("b").at("loss"));
  EXPECT_FALSE(metrics("b").contains("raw_loss"));
}

// Parameters that a step fixes stay where they are.
class FixedBias : public ClassifyStep {
 public:
  using ClassifyStep::ClassifyStep;
  std::vector<Part> parts() override { return {{"model", net_.get(), true, {"fc.bias"}}}; }
};

TEST_F(TrainerTest, FixedParametersStay) {
  const Recipe r = recipe("a", {"epochs=1"});
  FixedBias step(r, set_up_classifier(r));
  const Weights before = step.export_model().weights;
  Trainer trainer(r, step, step.batches());
  trainer.run(false);
  const Weights after = step.export_model().weights;
  EXPECT_TRUE(test::same(after.at("fc.bias"), before.at("fc.bias")));
  EXPECT_FALSE(test::same(after.at("fc.weight"), before.at("fc.weight")));
}

TEST_F(TrainerTest, ResumingAFinishedRunChangesNothing) {
  Recipe r = recipe("a");
  TrainResult first = run(r), again = run(r, true);
  EXPECT_EQ(first.metrics, again.metrics);
  EXPECT_EQ(again.epochs, 3);
}

TEST_F(TrainerTest, RefusesACheckpointThatDoesNotFit) {
  Recipe r = recipe("a", {"epochs=1"});
  EXPECT_ERROR(run(r, true), "no checkpoint");
  run(r);
  EXPECT_ERROR(run(recipe("a", {"epochs=1", "optimizer.lr=0.06"}), true), "optimizer.lr");
  EXPECT_ERROR(run(recipe("a", {"epochs=1", "model.options.width=8"}), true), "model.options.width");
  std::string path = r.output + "/checkpoint.safetensors", bytes = test::read_file(path);
  test::write_file(path, bytes.substr(0, bytes.size() / 2));
  EXPECT_ERROR(run(r, true), "checkpoint.safetensors");
  SafetensorsFile file = read_safetensors(std::as_bytes(std::span(bytes.data(), bytes.size())), nullptr);
  auto broken = [&](auto change) {
    SafetensorsFile copy = file;
    change(copy);
    write_safetensors(path, copy.tensors, copy.metadata);
  };
  broken([](SafetensorsFile& f) { f.tensors.erase("weights/model/fc.bias"); });
  EXPECT_ERROR(run(r, true), "'fc.bias' is missing");
  broken([](SafetensorsFile& f) { f.tensors.at("weights/model/fc.bias") = Tensor(DType::f32, {3}); });
  EXPECT_ERROR(run(r, true), "another shape");
  broken([](SafetensorsFile& f) { f.tensors.erase("optimizer/model/first/fc.bias"); });
  EXPECT_ERROR(run(r, true), "first/fc.bias");
  broken([](SafetensorsFile& f) { f.tensors.erase("ema/model/fc.bias"); });
  EXPECT_ERROR(run(r, true), "model/fc.bias");
  broken([](SafetensorsFile& f) { f.metadata["progress"] = "{}"; });
  EXPECT_ERROR(run(r, true), "damaged");
  broken([](SafetensorsFile& f) { f.metadata["progress"] = "["; });
  EXPECT_ERROR(run(r, true), "progress");
  broken([](SafetensorsFile& f) {
    nlohmann::json p = nlohmann::json::parse(f.metadata["progress"]);
    p["epoch"] = 7;
    f.metadata["progress"] = p.dump();
  });
  EXPECT_ERROR(run(r, true), "epoch 7");
  broken([](SafetensorsFile& f) { f.metadata.erase("frugal_checkpoint"); });
  EXPECT_ERROR(run(r, true), "not a checkpoint");
}

TEST_F(TrainerTest, WritesMetricsAndCurves) {
  Recipe r = recipe("a", {"eval.every=2"});
  run(r);
  std::string csv = test::read_file(r.output + "/metrics.csv");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 4);
  EXPECT_EQ(csv.substr(0, csv.find('\n')), "epoch,lr,train_loss,seconds,test_accuracy,test_loss");
  std::string second = csv.substr(csv.find('\n') + 1);
  EXPECT_TRUE(second.substr(0, second.find('\n')).ends_with(",,")) << "the first epoch is not evaluated: " << second;
  std::string svg = test::read_file(r.output + "/curves.svg");
  for (const char* word : {"<svg", "train loss", "Test accuracy", "Learning rate"})
    EXPECT_NE(svg.find(word), std::string::npos) << word;
}

TEST_F(TrainerTest, SaysWhenItDiverges) {
  EXPECT_ERROR(run(recipe("a", {"optimizer.lr=1000", "optimizer.weight_decay=10", "epochs=20", "ema.decay=0"})),
               "diverged");
}

TEST_F(TrainerTest, StartsFromAnotherModel) {
  Recipe first = recipe("a", {"epochs=12", "augment.crop=0"});
  std::string model = run(first).model;
  Recipe second = recipe("b", {"epochs=1", "optimizer.lr=0", "model.weights=" + model, "seed=9"});
  EXPECT_EQ(run(second).metrics.at("accuracy"), run(first, true).metrics.at("accuracy"));
}

// A method as later ones will be: a frozen teacher, a tap inside the student, two losses, a hook with state.
class Distill : public ClassifyStep {
 public:
  Distill(const Recipe& recipe, ClassifySetup setup, Model teacher)
      : ClassifyStep(recipe, std::move(setup)),
        teacher_(std::move(teacher)),
        teacher_net_(teacher_.graph, teacher_.weights) {}
  std::vector<Part> parts() override { return {{"model", net_.get(), true}, {"teacher", &teacher_net_, false}}; }
  Terms run(const Batch& batch, const Minimize& minimize) override {
    std::map<std::string, torch::Tensor> taps{{"stage3.0.bn", {}}}, theirs = taps;
    torch::Tensor logits = net_->forward(batch.inputs, true, &taps)[0];
    {
      torch::NoGradGuard no_grad;
      teacher_net_.forward(batch.inputs, false, &theirs);
    }
    torch::Tensor loss = classification_loss(logits, batch, recipe_.loss);
    torch::Tensor hint = (taps.begin()->second - theirs.begin()->second).square().flatten(1).mean(1).sum() /
                         static_cast<double>(batch.global_samples);
    minimize(loss + 0.1 * hint, {"model"});
    return {{"loss", loss.detach()}, {"hint_loss", hint.detach()}};
  }
  Interpreter& teacher() { return teacher_net_; }

 private:
  Model teacher_;
  Interpreter teacher_net_;
};

struct Counter : Hook {
  std::vector<int> calls = std::vector<int>(5);
  torch::Tensor kept = torch::zeros({1});
  void before_epoch(const Position&) override { ++calls[0]; }
  void before_step(const Position&) override { ++calls[1]; }
  void after_backward(const Position&) override { ++calls[2], kept += 1; }
  void after_step(const Position&, const Terms& terms) override { calls[3] += static_cast<int>(terms.size()); }
  void after_epoch(const Position&, const Metrics&) override { ++calls[4]; }
  std::map<std::string, torch::Tensor> state() const override { return {{"kept", kept}}; }
  void load(const std::map<std::string, torch::Tensor>& state) override { kept.copy_(state.at("kept")); }
};

TEST_F(TrainerTest, TakesAMethodWithTeacherTapsAndHooks) {
  Recipe r = recipe("a");
  Model teacher = load_model(run(recipe("t", {"epochs=1", "seed=8"})).model);
  Distill step(r, set_up_classifier(r), teacher);
  auto counter = std::make_shared<Counter>();
  Trainer trainer(r, step, step.batches(), {counter}, [] { return false; });
  trainer.run(false);
  EXPECT_EQ(counter->calls, (std::vector<int>{3, 12, 12, 24, 3}));
  for (const auto& [name, tensor] : step.teacher().weights()) {
    EXPECT_FALSE(tensor.requires_grad());
    EXPECT_TRUE(test::same(from_torch(tensor), teacher.weights.at(name))) << name << " of the frozen teacher moved";
  }
  EXPECT_NE(trainer.log().csv().find("train_hint_loss"), std::string::npos);
  Checkpoint checkpoint = read_checkpoint(trainer.checkpoint_path());
  EXPECT_EQ(checkpoint.tensors.at("hook/0/kept").data<float>()[0], 12);
  for (const auto& [name, tensor] : checkpoint.tensors) EXPECT_EQ(name.find("teacher"), std::string::npos);
}

TEST_F(TrainerTest, LearnsFromFoldersOfPicturesOfAnySize) {
  RandomStream random(4, "pictures");
  for (const char* split : {"train", "test"})
    for (int i = 0; i < 24; ++i) {
      const int label = i % 2;
      Image image(14 + i % 5, 12 + i % 7, 3, static_cast<std::uint8_t>(label ? 180 : 60));
      for (std::uint8_t& v : image.pixels) v = static_cast<std::uint8_t>(v + random.below(60));
      std::filesystem::path folder = dir_ / "pictures" / split / (label ? "bright" : "dark");
      std::filesystem::create_directories(folder);
      write_png((folder / (std::to_string(i) + ".png")).string(), image);
    }
  const std::vector<std::string> more{"data.name=" + (dir_ / "pictures").string(),
                                      "model.channels=1",
                                      "model.size=[12, 12]",
                                      "batch=8",
                                      "augment.flip=true",
                                      "epochs=20",
                                      "ema.decay=0"};
  std::vector<std::string> one = more, two = more;
  one.push_back("threads=1");
  two.push_back("threads=3");
  TrainResult result = run(recipe("one", one));
  EXPECT_GT(result.metrics.at("accuracy"), 0.9);
  EXPECT_EQ(class_labels(load_model(result.model)), (std::vector<std::string>{"bright", "dark"}));
  run(recipe("two", two));
  expect_same_tensors((dir_ / "one/checkpoint.safetensors").string(), (dir_ / "two/checkpoint.safetensors").string());
}

TEST_F(TrainerTest, MethodsAreFoundByTheirName) {
  TrainMethodRegistry registry;
  registry.add("distill", [&](const Recipe& r) -> TrainingPlan {
    auto step = std::make_unique<ClassifyStep>(r, set_up_classifier(r));
    const BatchSource* data = &step->batches();
    return {std::move(step), data, {std::make_shared<Counter>()}};
  });
  Recipe good = recipe("a", {"method.name=distill"}), bad = recipe("a", {"method.name=distil"});
  EXPECT_EQ(registry.plan(good).hooks.size(), 1u);
  EXPECT_ERROR(registry.plan(bad), "did you mean 'distill'");
  EXPECT_ERROR(TrainMethodRegistry::instance().plan(recipe("a", {"method.name=no-such-method"})), "no-such-method");
}

TEST_F(TrainerTest, RecipesThatDoNotFitTheData) {
  EXPECT_ERROR(set_up_classifier(recipe("a", {"model.name=resnet19"})), "resnet18");
  EXPECT_ERROR(set_up_classifier(recipe("a", {"model.classes=2"})), "4 classes");
  EXPECT_ERROR(set_up_classifier(recipe("a", {"model.channels=3"})), "1x12x12");
  EXPECT_ERROR(set_up_classifier(recipe("a", {"augment.mean=[0.1, 0.2]"})), "1 channels");
  EXPECT_ERROR(set_up_classifier(recipe("a", {"model.options.widht=8"})), "widht");
}

}  // namespace
}  // namespace frugal
