#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "cli/train/program.h"
#include "models/registry.h"
#include "tasks/classify_torch.h"
#include "tasks/detection/detect_step_torch.h"
#include "train/communicator.h"
#include "train/train_method.h"
#include "train/trainer.h"

namespace frugal {
namespace {

struct Options {
  std::string recipe;
  std::vector<std::string> overrides;
  bool resume = false, keys = false;
  std::string threads, seed, device, output;
};

int print_result(const TrainResult& result, bool json) {
  if (!Communicator::instance().first()) return 0;
  if (json) {
    nlohmann::json document{
        {"metrics", result.metrics}, {"model", result.model}, {"epochs", result.epochs}, {"seconds", result.seconds}};
    fmt::print("{}\n", document.dump(2));
    return 0;
  }
  for (const auto& [name, value] : result.metrics) fmt::print("{:<10} {:.4f}\n", name, value);
  fmt::print("{:<10} {}\n{:<10} {} in {:.0f} s\n", "model", result.model, "epochs", result.epochs, result.seconds);
  return 0;
}

void choose_threads(const Recipe& recipe) {
  int threads = recipe.threads > 0 ? static_cast<int>(recipe.threads) : available_cores();
  torch::set_num_threads(threads);
}

TrainingPlan make_plan(const Recipe& recipe) {
  if (!recipe.method.name.empty()) return TrainMethodRegistry::instance().plan(recipe);
  const auto plan = [](auto step) -> TrainingPlan {
    const BatchSource* data = &step->batches();
    return {std::move(step), data};
  };
  if (ModelRegistry::instance().get(recipe.model.name).task == "detect")
    return plan(std::make_unique<DetectStep>(recipe));
  return plan(std::make_unique<ClassifyStep>(recipe, set_up_classifier(recipe)));
}

int train(const Options& o, const TrainCommon& common) {
  if (o.keys) {
    fmt::print("{}", recipe_keys());
    return 0;
  }
  if (o.recipe.empty()) fail_usage("name a recipe, such as recipes/fashion_demo.yaml (see: frugal train --help)");
  std::vector<std::string> overrides = o.overrides;
  for (auto [key, value] :
       {std::pair("threads", o.threads), {"seed", o.seed}, {"device", o.device}, {"output", o.output}})
    if (!value.empty()) overrides.push_back(std::string(key) + "=" + value);
  const Recipe recipe = load_recipe(o.recipe, overrides);
  if (recipe.device == "cuda" && !torch::cuda::is_available())
    fail("device cuda: this LibTorch or this machine has no CUDA; use --device cpu");
  choose_threads(recipe);

  TrainingPlan plan = make_plan(recipe);
  Trainer trainer(recipe, *plan.step, *plan.data, plan.hooks);
  TrainResult result = trainer.run(o.resume);
  if (result.stopped) {
    if (Communicator::instance().first())
      log_warning("stopped after {} epochs; everything is in {}; go on with the same command and --resume",
                  result.epochs, trainer.checkpoint_path());
    return interrupt_exit_code();
  }
  return print_result(result, common.json);
}

}  // namespace

TrainCommandRun define_train(CLI::App& app, const TrainCommon& common) {
  auto options = std::make_shared<Options>();
  app.name("train")->description(
      "Trains a network as a recipe (YAML) says. Writes into the recipe's output folder: model.safetensors (the best\n"
      "epoch, one file that eval, classify and bench take), last.safetensors, checkpoint.safetensors (for --resume),\n"
      "metrics.csv and curves.svg. Ctrl-C saves a checkpoint; --resume goes on from it to exactly the same result.\n"
      "Several processes: mpirun -n N frugal train RECIPE.yaml ...; the batch is shared out among them.");
  app.footer(
      "Examples:\n  frugal train recipes/fashion_demo.yaml\n"
      "  frugal train recipes/cifar_resnet20.yaml --set optimizer.lr=0.05 --set epochs=30 --output runs/short\n"
      "  frugal train recipes/fashion_demo.yaml --resume");
  app.add_option("RECIPE", options->recipe, "The recipe, a YAML file");
  app.add_option("--set", options->overrides,
                 "Change a key of the recipe: key=value, section.key=value; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_flag("--resume", options->resume, "Go on from the checkpoint in the output folder");
  app.add_flag("--keys", options->keys, "Print every key of a recipe with its default and meaning");
  app.add_option("--output", options->output, "The output folder (default: the recipe's)")->type_name("DIR");
  app.add_option("--threads", options->threads, "Threads to compute with (default: every core)")->type_name("N");
  app.add_option("--seed", options->seed, "Seed of every random choice (default: the recipe's)")->type_name("N");
  app.add_option("--device", options->device, "cpu or cuda (default: the recipe's)")->type_name("NAME");
  return [options, &common] { return train(*options, common); };
}

}  // namespace frugal
