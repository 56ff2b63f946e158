// The learning rate over a training run.
#pragma once

#include <cstdint>

#include "train/recipe.h"

namespace frugal {

// The rate of step `step` (0-based) out of epochs * steps_per_epoch. The warm-up rises linearly with every step;
// what follows is a function of the epochs passed, whole ones where the schedule is `per: epoch`.
//   cosine      final + (lr - final) * (1 + cos(pi * (t - warmup) / (epochs - warmup))) / 2   (Loshchilov and Hutter
//   2017) step        lr * gamma ^ floor(t / step_epochs) multi_step  lr * gamma ^ (milestones not after t)
double learning_rate(const Recipe& recipe, std::int64_t step, std::int64_t steps_per_epoch);

}  // namespace frugal
