#include "train/recipe.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/support.h"
#include "train/schedule.h"

namespace frugal {
namespace {

const std::string kGood =
    "model:\n"
    "  name: resnet20_cifar\n"
    "data:\n"
    "  name: cifar10\n"
    "output: runs/x\n";

TEST(Recipe, ReadsValuesAndKeepsDefaults) {
  Recipe r = parse_recipe(
      kGood +
          "optimizer:\n  lr: 0.05\n  nesterov: no\nschedule:\n  kind: multi_step\n  milestones: [80, 120]\n"
          "augment:\n  mean: [0.1, 0.2, 0.3]\n  std: 0.25\nepochs: 160\n",
      "r.yaml");
  EXPECT_EQ(r.model.name, "resnet20_cifar");
  EXPECT_EQ(r.optimizer.lr, 0.05);
  EXPECT_FALSE(r.optimizer.nesterov);
  EXPECT_EQ(r.schedule.milestones, (std::vector<double>{80, 120}));
  EXPECT_EQ(r.augment.mean.size(), 3u);
  EXPECT_EQ(r.augment.std, std::vector<double>{0.25});
  EXPECT_EQ(r.batch, 128);
}

TEST(Recipe, OverridesWin) {
  Recipe r = parse_recipe(
      kGood, "r.yaml",
      {"optimizer.lr=0.5", "epochs=3", "augment.mean=[0.5, 0.5, 0.5]", "model.options.width=32", "model.name=lenet5"});
  EXPECT_EQ(r.optimizer.lr, 0.5);
  EXPECT_EQ(r.epochs, 3);
  EXPECT_EQ(r.augment.mean.size(), 3u);
  EXPECT_EQ(r.model.options.at("width"), "32");
  EXPECT_EQ(r.model.name, "lenet5");
}

TEST(Recipe, WhatIsWrittenDownReadsBackTheSame) {
  Recipe r =
      parse_recipe(kGood, "r.yaml", {"model.options.width=32", "ema.decay=0.99", "method.name=x", "method.teacher=t"});
  nlohmann::json json = recipe_json(r);
  EXPECT_EQ(recipe_json(parse_recipe(json.dump(), "copy")), json);  // JSON is YAML
}

TEST(Recipe, EveryKeyIsListed) {
  std::string keys = recipe_keys();
  for (const char* key : {"label_smoothing", "warmup_epochs", "decay_norm_and_bias", "cutout", "precision"})
    EXPECT_NE(keys.find(key), std::string::npos) << key;
}

struct BadRecipe {
  const char* text;                // appended to a good recipe
  std::vector<const char*> words;  // that the message contains
};

class BadRecipes : public testing::TestWithParam<BadRecipe> {};

TEST_P(BadRecipes, AreRefusedInOneClearSentence) {
  try {
    parse_recipe(kGood + GetParam().text, "r.yaml");
    FAIL() << "no error for:\n" << GetParam().text;
  } catch (const UsageError& e) {
    for (const char* word : GetParam().words)
      EXPECT_NE(std::string(e.what()).find(word), std::string::npos) << e.what();
    EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Recipe, BadRecipes,
    testing::Values(
        BadRecipe{"epoch: 3\n", {"r.yaml:6", "'epochs'"}},
        BadRecipe{"optimizer:\n  learning_rate: 1\n", {"r.yaml:7", "optimizer.learning_rate", "known here", "lr"}},
        BadRecipe{"optimizer:\n  momentun: 0.5\n", {"r.yaml:7", "did you mean 'momentum'"}},
        BadRecipe{"optimizer:\n  lr: fast\n", {"r.yaml:7", "optimizer.lr must be a number", "'fast'"}},
        BadRecipe{"optimizer:\n  lr: -1\n", {"between 0 and 1000", "-1"}},
        BadRecipe{"optimizer:\n  lr: .nan\n", {"between 0 and 1000"}},
        BadRecipe{"optimizer:\n  kind: adam\n", {"sgd, adamw, lamb", "did you mean 'adamw'"}},
        BadRecipe{"optimizer: sgd\n", {"r.yaml:6", "group"}},
        BadRecipe{"optimizer:\n  betas: [0.9]\n", {"two numbers"}},
        BadRecipe{"optimizer:\n  momentum: 0\n", {"momentum above 0"}},
        BadRecipe{"schedule:\n  final_weight_decay: 0.1\n", {"final_weight_decay needs a weight decay above 0"}},
        BadRecipe{"augment:\n  flip: maybe\n", {"true or false", "'maybe'"}},
        BadRecipe{"augment:\n  crop: [1, 2]\n", {"augment.crop must be a whole number", "a list"}},
        BadRecipe{"augment:\n  mean: [1, x]\n", {"list of numbers"}},
        BadRecipe{"augment:\n  mean: [0.1, 0.2]\n  std: [1, 1, 1]\n", {"augment.std", "2"}},
        BadRecipe{"batch: 0\n", {"batch must be between 1 and"}}, BadRecipe{"batch: 1.5\n", {"whole number"}},
        BadRecipe{"batch: 99999999999999999999\n", {"whole number"}},
        BadRecipe{"epochs: 0\n", {"epochs must be between 1"}}, BadRecipe{"epochs:\n", {"epochs", "nothing"}},
        BadRecipe{"schedule:\n  kind: multi_step\n", {"milestones"}},
        BadRecipe{"schedule:\n  warmup_epochs: 50\n", {"warmup_epochs", "epochs"}},
        BadRecipe{"model:\n  name: b\n", {"r.yaml:6", "twice"}},
        BadRecipe{"batch: 1\nbatch: 2\n", {"r.yaml:7", "twice"}}, BadRecipe{"a: [1\n", {"not YAML"}},
        BadRecipe{"device: gpu\n", {"cpu, cuda"}}));

TEST(Recipe, RefusesWhatIsMissing) {
  EXPECT_ERROR(parse_recipe("data: {name: mnist}\noutput: x\n", "r.yaml"), "model.name");
  EXPECT_ERROR(parse_recipe("model: {name: a}\noutput: x\n", "r.yaml"), "data.name");
  EXPECT_ERROR(parse_recipe("model: {name: a}\ndata: {name: b}\n", "r.yaml"), "output");
  EXPECT_ERROR(parse_recipe("just words", "r.yaml"), "key: value");
  EXPECT_ERROR(parse_recipe("", "r.yaml"), "key: value");
  EXPECT_ERROR(load_recipe("/nowhere/r.yaml"), "/nowhere/r.yaml");
}

TEST(Recipe, RefusesBadOverrides) {
  EXPECT_ERROR(parse_recipe(kGood, "r.yaml", {"epochs"}), "key=value");
  EXPECT_ERROR(parse_recipe(kGood, "r.yaml", {"epochs=many"}), "--set epochs must be a whole number");
  EXPECT_ERROR(parse_recipe(kGood, "r.yaml", {"optimizer.rate=1"}), "--set optimizer.rate");
  EXPECT_ERROR(parse_recipe(kGood, "r.yaml", {"output.name=1"}), "'output' has no keys below it");
}

TEST(Schedule, CosineWithWarmup) {
  Recipe r =
      parse_recipe(kGood, "r", {"optimizer.lr=1", "epochs=10", "schedule.warmup_epochs=2", "schedule.final_lr=0.1"});
  EXPECT_DOUBLE_EQ(learning_rate(r, 0, 100), 0);
  EXPECT_DOUBLE_EQ(learning_rate(r, 100, 100), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate(r, 200, 100), 1);
  EXPECT_DOUBLE_EQ(learning_rate(r, 600, 100), 0.55);
  EXPECT_NEAR(learning_rate(r, 400, 100), 0.1 + 0.9 * 0.85355339, 1e-8);
  EXPECT_NEAR(learning_rate(r, 999, 100), 0.1, 1e-4);
}

TEST(Schedule, PerEpochChangesOnlyBetweenEpochs) {
  Recipe r = parse_recipe(kGood, "r", {"optimizer.lr=1", "epochs=4", "schedule.per=epoch"});
  EXPECT_DOUBLE_EQ(learning_rate(r, 10, 10), learning_rate(r, 19, 10));
  EXPECT_DOUBLE_EQ(learning_rate(r, 20, 10), 0.5);
}

TEST(Schedule, StepsAndMilestones) {
  Recipe step =
      parse_recipe(kGood, "r", {"optimizer.lr=1", "epochs=100", "schedule.kind=step", "schedule.step_epochs=30"});
  EXPECT_DOUBLE_EQ(learning_rate(step, 299, 10), 1);
  EXPECT_DOUBLE_EQ(learning_rate(step, 300, 10), 0.1);
  EXPECT_DOUBLE_EQ(learning_rate(step, 900, 10), 1e-3);
  Recipe multi = parse_recipe(kGood, "r",
                              {"optimizer.lr=1", "epochs=100", "schedule.kind=multi_step",
                               "schedule.milestones=[50, 75]", "schedule.gamma=0.5"});
  EXPECT_DOUBLE_EQ(learning_rate(multi, 499, 10), 1);
  EXPECT_DOUBLE_EQ(learning_rate(multi, 500, 10), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate(multi, 750, 10), 0.25);
}

TEST(Schedule, ConstantAfterWarmup) {
  Recipe r = parse_recipe(
      kGood, "r",
      {"optimizer.lr=0.3", "schedule.kind=constant", "schedule.warmup_epochs=1", "schedule.warmup_from=0.5"});
  EXPECT_DOUBLE_EQ(learning_rate(r, 0, 10), 0.15);
  EXPECT_DOUBLE_EQ(learning_rate(r, 10, 10), 0.3);
  EXPECT_DOUBLE_EQ(learning_rate(r, 99, 10), 0.3);
}

}  // namespace
}  // namespace frugal
