// The loop around a TrainStep: schedule, optimiser, running means, evaluation, checkpoints, reports.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/interrupt.h"
#include "train/ema.h"
#include "train/optimizer.h"
#include "train/recipe.h"
#include "train/run_log.h"
#include "train/train_step.h"

namespace frugal {

class Progress;
struct Checkpoint;

struct TrainResult {
  Metrics metrics;          // of the best epoch
  std::string model;        // the file that holds its weights
  std::int64_t epochs = 0;  // finished
  double seconds = 0;       // of all parts of a resumed run
  bool stopped = false;     // before the end; the checkpoint holds everything
};

// Files in the recipe's output folder: model.safetensors (the best by the step's metric), last.safetensors,
// checkpoint.safetensors, metrics.csv, curves.svg. With several processes the first one writes.
class Trainer {
 public:
  Trainer(const Recipe& recipe, TrainStep& step, const BatchSource& data, std::vector<std::shared_ptr<Hook>> hooks = {},
          std::function<bool()> stop = interrupted);
  ~Trainer();

  // `resume`: continues from the checkpoint, to the same bits as a run that never stopped.
  TrainResult run(bool resume);

  const RunLog& log() const { return log_; }
  std::string checkpoint_path() const { return recipe_.output + "/checkpoint.safetensors"; }

 private:
  struct Learner {
    Part part;
    std::unique_ptr<Optimizer> optimizer;
  };
  bool run_epoch(Progress& progress);  // false: asked to stop
  void run_step(const Batch& batch, Progress& progress);
  void minimize(const torch::Tensor& loss, const std::vector<std::string>& parts);
  void sum_gradients(const std::vector<torch::Tensor>& parameters);
  void clip_gradients(const std::vector<torch::Tensor>& parameters);
  void finish_epoch();
  Metrics measure();
  Metrics evaluate();
  void renew_norms();
  void keep_model(const Metrics& metrics);
  void save() const;
  void restore();
  std::string save_progress() const;
  void restore_progress(const std::string& json);
  std::map<std::string, torch::Tensor> all_tensors() const;  // by their names in a checkpoint
  double elapsed() const;

  const Recipe& recipe_;
  TrainStep& step_;
  const BatchSource& data_;
  std::vector<std::shared_ptr<Hook>> hooks_;
  std::function<bool()> stop_;
  std::vector<Learner> learners_;
  std::unique_ptr<Ema> ema_;
  Position position_;
  std::vector<std::pair<std::string, double>> sums_;  // of the terms, over the steps of this epoch so far
  RunLog log_;
  Metrics best_;
  std::int64_t best_epoch_ = 0;
  bool stepped_ = false;  // whether the present step has changed weights
  double seconds_before_ = 0, started_ = 0;
};

}  // namespace frugal
