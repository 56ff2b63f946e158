// Pictures with boxes from a folder, as batches.
#include "tasks/detection/batches_torch.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "frugal/detect.h"
#include "support/support.h"
#include "tasks/detection/detect_step_torch.h"
#include "train/train_method.h"
#include "train/trainer.h"

namespace frugal {
namespace {

using test::TempDir;

// Six grey pictures, each with a white square; the last one has no box.
class DetectionData : public testing::Test {
 protected:
  DetectionData() {
    std::filesystem::create_directories(dir_ / "images");
    std::filesystem::create_directories(dir_ / "annotations");
    nlohmann::json truth{{"images", nlohmann::json::array()},
                         {"annotations", nlohmann::json::array()},
                         {"categories", {{{"id", 7}, {"name", "square"}}, {{"id", 3}, {"name", "crowd"}}}}};
    for (int i = 0; i < 6; ++i) {
      Image image(90, 60, 3, 50);
      const int left = 10 + 8 * i, top = 12;
      for (int y = top; y < top + 30; ++y)
        for (int x = left; x < left + 24; ++x)
          for (int c = 0; c < 3; ++c) image.pixels[static_cast<std::size_t>((y * 90 + x) * 3 + c)] = 255;
      const std::string name = std::to_string(i) + ".png";
      write_png((dir_ / "images" / name).string(), image);
      truth["images"].push_back({{"id", 100 + i}, {"file_name", name}});
      if (i == 5) continue;
      truth["annotations"].push_back({{"id", i},
                                      {"image_id", 100 + i},
                                      {"category_id", 7},
                                      {"iscrowd", 0},
                                      {"bbox", {left, top, i == 4 ? 500 : 24, 30}}});  // one reaches beyond
      truth["annotations"].push_back(
          {{"id", 50 + i}, {"image_id", 100 + i}, {"category_id", 3}, {"iscrowd", 1}, {"bbox", {0, 0, 90, 60}}});
    }
    std::ofstream(dir_ / "annotations" / "train.json") << truth.dump();
  }

  static Recipe recipe(std::vector<std::string> set = {}) {
    for (const char* fixed :
         {"model.name=gold_yolo_pico", "data.name=x", "output=x", "batch=4", "epochs=20", "threads=2"})
      set.insert(set.begin(), fixed);
    return parse_recipe("seed: 5", "test", set);
  }
  std::shared_ptr<const DetectionDataset> data() const {
    return std::make_shared<const DetectionDataset>(dir_.path().string(), "train");
  }

  TempDir dir_;
};

TEST_F(DetectionData, IsReadWithLabelsInTheOrderOfTheirIds) {
  const auto set = data();
  ASSERT_EQ(set->size(), 6u);
  EXPECT_EQ(set->class_names(), (std::vector<std::string>{"crowd", "square"}));
  EXPECT_EQ(set->category(1), 7);
  const LabelledPicture first = set->get(0), wide = set->get(4);
  ASSERT_EQ(first.boxes.size(), 1u);  // no crowds
  EXPECT_EQ(first.boxes[0].label, 1);
  EXPECT_EQ(first.boxes[0].x2, 34);
  EXPECT_EQ(wide.boxes[0].x2, 90);  // cut at the border
  EXPECT_TRUE(set->get(5).boxes.empty());
}

TEST_F(DetectionData, RefusesWhatIsNotThere) {
  EXPECT_THROW(DetectionDataset(dir_.path().string(), "val"), Error);
  EXPECT_THROW(DetectionDataset((dir_ / "nowhere").string(), "train"), Error);
  std::filesystem::remove(dir_ / "images" / "2.png");
  EXPECT_THROW(data()->get(2), Error);
}

TEST_F(DetectionData, BatchesAreTheSameForAnyThreadAndHoldBoxesInside) {
  const Recipe one = recipe({"threads=1"}), two = recipe();
  const DetectionBatches a(data(), one, 64, {}), b(data(), two, 64, {});
  EXPECT_EQ(a.steps(), 1);
  for (std::int64_t epoch : {0, 3}) {
    const Batch x = a.load(epoch, 0), y = b.load(epoch, 0);
    EXPECT_EQ(x.inputs[0].sizes(), (std::vector<std::int64_t>{4, 3, 64, 64}));
    EXPECT_TRUE(torch::equal(x.inputs[0], y.inputs[0]));
    EXPECT_TRUE(torch::equal(x.targets.at("objects"), y.targets.at("objects")));
    EXPECT_GE(x.inputs[0].min().item<float>(), 0);
    EXPECT_LE(x.inputs[0].max().item<float>(), 1);
    std::int64_t objects = 0;
    for (const Objects& o : objects_of(x)) {
      objects += o.labels.size(0);
      EXPECT_TRUE((o.labels == 1).all().item<bool>());
      EXPECT_TRUE(((o.boxes >= 0) & (o.boxes <= 64)).all().item<bool>());
    }
    EXPECT_EQ(objects, x.targets.at("objects").size(0));
    EXPECT_GT(objects, 0);
  }
  EXPECT_FALSE(torch::equal(a.load(0, 0).inputs[0], a.load(1, 0).inputs[0]));
}

// In the last epochs every picture is there once, by itself.
TEST_F(DetectionData, LastEpochsAreWithoutMosaic) {
  const Recipe still = recipe({"batch=6", "detect.scale=0", "detect.translate=0", "detect.flip=0", "detect.hue=0",
                               "detect.saturation=0", "detect.value=0", "detect.plain_epochs=5"});
  const DetectionBatches batches(data(), still, 96, {});
  const std::vector<Objects> last = objects_of(batches.load(19, 0));
  ASSERT_EQ(last.size(), 6u);
  std::int64_t objects = 0;
  for (const Objects& o : last) {
    ASSERT_LE(o.labels.size(0), 1);
    objects += o.labels.size(0);
    if (o.labels.size(0) == 1) {
      EXPECT_NEAR(o.boxes[0][1].item<float>(), 16 + 12 * 96 / 90.0, 0.6);  // 96 x 64 in the middle of 96 x 96
    }
  }
  EXPECT_EQ(objects, 5);
  std::int64_t most = 0;
  for (std::int64_t epoch = 0; epoch < 5; ++epoch)
    for (const Objects& o : objects_of(batches.load(epoch, 0))) most = std::max(most, o.labels.size(0));
  EXPECT_GT(most, 1);
}

TEST_F(DetectionData, SharesOfTwoProcessesMakeTheBatchOfOne) {
  const Recipe r = recipe();
  const DetectionBatches whole(data(), r, 64, {}), first(data(), r, 64, {0, 2}), second(data(), r, 64, {1, 2});
  const Batch all = whole.load(2, 0), a = first.load(2, 0), b = second.load(2, 0);
  EXPECT_TRUE(torch::equal(all.inputs[0], torch::cat({a.inputs[0], b.inputs[0]})));
  EXPECT_EQ(a.global_samples, 4);
  EXPECT_EQ(a.samples, 2);
}

// From a folder to boxes: a network that is shown objects of one size learns where they are.
TEST_F(DetectionData, ADetectorLearnsFromThem) {
  torch::set_num_threads(1);
  const Recipe r =
      recipe({"model.size=[64, 64]", "data.name=" + dir_.path().string(), "data.train=train", "data.test=train",
              "epochs=120", "batch=6", "optimizer.lr=0.02", "detect.plain_epochs=120", "detect.scale=0.1",
              "eval.every=120", "eval.norm_batches=1", "ema.decay=0", "output=" + (dir_ / "out").string()});
  DetectStep step(r);
  Trainer trainer(r, step, step.batches());
  const TrainResult result = trainer.run(false);
  EXPECT_GT(result.metrics.at("AP50"), 0.2);
  const Model model = load_model(result.model);
  EXPECT_EQ(task_info(model).value().kind, "detect");
  EXPECT_EQ(class_labels(model), (std::vector<std::string>{"crowd", "square"}));
  Session session(model, {.threads = 1});
  DetectOptions every;
  every.confidence = 0.05f;
  const std::vector<Detection> found = detect(session, data()->get(1).image, every);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].label, "square");
}

TEST_F(DetectionData, FactorsOfResidualBranchesAreNotLearnt) {
  const Recipe r = recipe({"model.name=gold_yolo_m", "model.size=[64, 64]", "data.name=" + dir_.path().string(),
                           "data.train=train", "data.test=train"});
  DetectStep step(r);
  const std::vector<std::string> fixed = step.parts()[0].fixed;
  EXPECT_EQ(fixed.size(), 24u);  // 2 + 3 + 5 + 2 in the backbone, 4 x 3 in the neck
  for (const std::string& name : fixed) EXPECT_TRUE(name.ends_with(".alpha")) << name;
}

// The base run with heads with anchors, then a run that it teaches; both leave networks of the plain form.
TEST_F(DetectionData, ATrainedDetectorTeachesAnother) {
  torch::set_num_threads(1);
  const std::vector<std::string> shared{"model.size=[64, 64]",
                                        "data.name=" + dir_.path().string(),
                                        "data.train=train",
                                        "data.test=train",
                                        "epochs=4",
                                        "batch=6",
                                        "optimizer.lr=0.01",
                                        "eval.every=4",
                                        "eval.norm_batches=1",
                                        "ema.decay=0.9",
                                        "eval.raw=true"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), shared.begin(), shared.end());
    return recipe(more);
  };
  const Recipe base = with({"model.options.head=anchor_aided", "output=" + (dir_ / "base").string()});
  DetectStep first(base);
  Trainer trainer(base, first, first.batches());
  const TrainResult taught = trainer.run(false);
  EXPECT_TRUE(taught.metrics.contains("raw_AP"));
  EXPECT_NE(trainer.log().csv().find("train_loss_anchored"), std::string::npos);
  const Model teacher = load_model(taught.model);
  EXPECT_EQ(teacher.graph.outputs().size(), 1u);
  for (const auto& [name, tensor] : teacher.weights) EXPECT_EQ(name.find("_a"), name.find("_act")) << name;

  const std::string named = "method.teacher=" + taught.model;
  const auto distilled = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"method.name=self_distillation", named, "model.options.head=both",
                             "output=" + (dir_ / "student").string()});
    return with(more);
  };
  const auto losses = [&](const Recipe& r, std::int64_t epoch) {
    TrainingPlan plan = TrainMethodRegistry::instance().plan(r);
    for (const auto& hook : plan.hooks) hook->before_step({.epoch = epoch});
    torch::manual_seed(1);
    std::map<std::string, double> out;
    for (const auto& [name, value] : plan.step->run(plan.data->load(0, 0), [](const torch::Tensor&, const auto&) {}))
      out[name] = value.item<double>();
    return out;
  };
  // What the teacher adds falls with the epochs, and is nothing where its weights are 0.
  const auto early = losses(distilled({"method.classes=1e4"}), 0), late = losses(distilled({"method.classes=1e4"}), 3),
             alone = losses(distilled({"method.classes=0", "method.distances=0"}), 0);
  for (const char* part : {"loss_classes", "loss_distribution"}) {
    EXPECT_GT(early.at(part), late.at(part)) << part;
    EXPECT_GT(late.at(part), alone.at(part)) << part;
    EXPECT_NEAR(late.at(part) - alone.at(part), (early.at(part) - alone.at(part)) * distillation_share(3, 4),
                1e-4 * early.at(part))
        << part;
  }
  // Two classes, not 80.
  EXPECT_EQ(losses(distilled({}), 0).at("loss"), losses(distilled({"method.classes=0.025"}), 0).at("loss"));
  EXPECT_GT(losses(distilled({"method.classes=1"}), 0).at("loss_classes"), losses(distilled({}), 0).at("loss_classes"));
  const Recipe student = distilled({});
  TrainingPlan plan = TrainMethodRegistry::instance().plan(student);
  Trainer second(student, *plan.step, *plan.data, plan.hooks);
  const Model learnt = load_model(second.run(false).model);
  EXPECT_NE(learnt.graph.find("lrtb.0"), kNone);
  EXPECT_EQ(learnt.graph.find("reg_logits.0"), kNone);

  EXPECT_ERROR(TrainMethodRegistry::instance().plan(with({"method.name=self_distillation"})), "method.teacher");
  EXPECT_ERROR(TrainMethodRegistry::instance().plan(distilled({"model.size=[96, 96]"})), "96");
  EXPECT_ERROR(TrainMethodRegistry::instance().plan(distilled({"method.temprature=3"})), "temperature");
}

}  // namespace
}  // namespace frugal
