// Optimisers whose whole state is a list of named tensors, so that a checkpoint holds all of it.
#pragma once

#include <torch/torch.h>

#include <map>
#include <string>
#include <vector>

#include "train/recipe.h"
#include "train/schedule.h"

namespace frugal {

class Optimizer {
 public:
  // SGD with momentum in PyTorch's form (Sutskever et al. 2013, the rate outside the momentum):
  //   g += decay * p;  m = momentum * m + g;  p -= lr * (nesterov ? g + momentum * m : m)
  // AdamW (Loshchilov and Hutter 2019):
  //   p -= lr * decay * p;  m, v = running means of g, g^2;  p -= lr * m^ / (sqrt(v^) + eps), bias-corrected.
  // LAMB (You et al. 2020, arXiv 1904.00962), for large batches: the step of Adam with decay * p added, u, gets the
  // length of the parameter, tensor by tensor, where the parameter decays:
  //   p -= lr * (|p| / |u|) * u;  the factor is 1 where one of both is 0
  // Parameters of one dim (norms, biases) do not decay where the recipe spares them.
  Optimizer(const Recipe::Optimizer& options, const std::vector<std::string>& names,
            std::vector<torch::Tensor> parameters);

  // From the parameters' gradients, which must all be there. The rates come from the schedule.
  void step(const StepRates& rates);
  void step(double lr) { step({.lr = lr, .bias_lr = lr, .momentum = options_.momentum}); }

  // One more backward pass has added to the gradients; true: so many have, and the next call is step().
  bool collect(double accumulate) { return static_cast<double>(++collected_) >= accumulate; }
  bool fresh() const { return collected_ == 0; }  // nothing to be kept in the gradients

  const std::vector<torch::Tensor>& parameters() const { return parameters_; }
  // Shares storage; also gradients that are being collected, and a step count.
  std::map<std::string, torch::Tensor> state() const;
  void load(const std::map<std::string, torch::Tensor>& state);  // Error names a missing or misshapen tensor

 private:
  struct Group {
    double decay;
    bool bias;
    std::vector<std::size_t> members;
  };
  std::vector<torch::Tensor> pick(const Group& group, const std::vector<torch::Tensor>& from) const;
  void step_sgd(const Group& group, double lr, double decay, double momentum);
  void step_adam(const Group& group, double lr, double decay);  // adamw, lamb

  Recipe::Optimizer options_;
  std::vector<std::string> names_;
  std::vector<torch::Tensor> parameters_, first_, second_;  // momentum or mean of g; mean of g^2
  std::vector<Group> groups_;
  std::int64_t steps_ = 0, collected_ = 0;
};

}  // namespace frugal
