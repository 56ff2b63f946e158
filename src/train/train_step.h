// What a training run is made of. The trainer (trainer.h) owns the loop, the optimiser, the schedule, the running
// means, checkpoints and reports; a TrainStep says which networks there are and what one step does with them; hooks
// add what a method needs around it. Classification (tasks/classify_torch.h) is one instance.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "train/batch.h"
#include "train/interpreter.h"

namespace frugal {

// One network of a run: the student, its teacher, a generator.
struct Part {
  std::string name;
  Interpreter* net;
  bool learns = true;                // optimised, averaged and kept in checkpoints; otherwise frozen
  std::vector<std::string> fixed{};  // parameters of it that stay as they are
};

using Terms = std::vector<std::pair<std::string, torch::Tensor>>;  // name, scalar
using Metrics = std::map<std::string, double>;

// Given to a step: minimises `loss` over the parameters of the named parts (all that learn, if empty). Runs the
// backward pass, sums the gradients of all processes, calls the hooks and updates. A step may call it several times,
// for losses that belong to different parts. `loss` must be a sum over this process's samples divided by
// Batch::global_samples, so that the sum over processes is the mean over the whole batch.
using Minimize = std::function<void(const torch::Tensor& loss, const std::vector<std::string>& parts)>;

class TrainStep {
 public:
  virtual ~TrainStep() = default;
  virtual std::vector<Part> parts() = 0;
  // Returns the terms to report, each scaled like the loss.
  virtual Terms run(const Batch& batch, const Minimize& minimize) = 0;
  // Runs the networks that learn in training mode, for the statistics of their norms.
  virtual void run_forward(const Batch& batch) {
    for (const Part& part : parts())
      if (part.learns) part.net->forward(batch.inputs, true);
  }
  // Quality on the test data, equal on all processes; called with the averaged weights in place.
  virtual Metrics evaluate() = 0;
  // The metric that chooses the best model, and whether more of it is better.
  virtual std::string best_metric() const = 0;
  virtual bool higher_is_better() const { return true; }
  // What is saved.
  virtual Model export_model() = 0;
};

struct Position {
  std::int64_t epoch = 0, step = 0;  // the step within the epoch
  std::int64_t global_step = 0;
  double learning_rate = 0;
};

// Called in the order of their registration.
class Hook {
 public:
  virtual ~Hook() = default;
  virtual void before_epoch(const Position&) {}
  virtual void before_step(const Position&) {}
  virtual void after_backward(const Position&) {}  // gradients are summed, weights not yet changed
  virtual void after_step(const Position&, const Terms&) {}
  virtual void after_epoch(const Position&, const Metrics&) {}
  // State that a resumed run needs.
  virtual std::map<std::string, torch::Tensor> state() const { return {}; }
  virtual void load(const std::map<std::string, torch::Tensor>&) {}
};

}  // namespace frugal
