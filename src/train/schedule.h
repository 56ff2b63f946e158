// The learning rate over a training run.
#pragma once

#include <cstdint>

#include "train/recipe.h"

namespace frugal {

// The rate of step `step` (0-based) out of epochs * steps_per_epoch. The warm-up rises linearly with every step;
// what follows is a function of the epochs passed, whole ones where the schedule is `per: epoch`.
//   cosine      final + (lr - final) * (1 + cos(pi * (t - warmup) / (epochs - warmup))) / 2   (Loshchilov and Hutter
//   2017) step        lr * gamma ^ floor(t / step_epochs) multi_step  lr * gamma ^ (milestones not after t)
//   yolo        YOLOv6's and Gold-YOLO's: c(e) = 1 - (1 - final / lr) * (1 - cos(pi * e / epochs)) / 2 over all epochs,
//   the warm-up among them, which rises to lr * c(epoch) and lasts for at least warmup_steps; then the rate of an epoch
//   is lr * c of the one before
double learning_rate(const Recipe& recipe, std::int64_t step, std::int64_t steps_per_epoch);

// What an optimiser needs at a step.
struct StepRates {
  double lr = 0;
  double bias_lr = 0;  // of parameters called ".bias"
  double momentum = 0;
  double accumulate = 1;  // backward passes whose gradients are summed for one step of the optimiser
  double decay = 1;       // factor of the recipe's weight decay
};
// The weight decay moves to schedule.final_weight_decay, where there is one, by a cosine over all steps. In the warm-up
// biases move from schedule.warmup_bias_lr, momentum from schedule.warmup_momentum, and accumulation
// from 1 (rounded) to what the recipe says.
StepRates step_rates(const Recipe& recipe, std::int64_t step, std::int64_t steps_per_epoch);

}  // namespace frugal
