#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/check.h"

namespace frugal {

double learning_rate(const Recipe& r, std::int64_t step, std::int64_t steps_per_epoch) {
  const Recipe::Schedule& s = r.schedule;
  const double peak = r.optimizer.lr, warmup = s.warmup_epochs;
  double t = static_cast<double>(step) / static_cast<double>(steps_per_epoch);
  if (t < warmup) return peak * (s.warmup_from + (1 - s.warmup_from) * t / warmup);
  if (s.per == "epoch") t = std::floor(t);
  if (s.kind == "constant") return peak;
  if (s.kind == "step") return peak * std::pow(s.gamma, std::floor(t / s.step_epochs));
  if (s.kind == "multi_step")
    return peak *
           std::pow(s.gamma, std::count_if(s.milestones.begin(), s.milestones.end(), [&](double m) { return m <= t; }));
  FRUGAL_ASSERT(s.kind == "cosine");
  const double length = static_cast<double>(r.epochs) - warmup;
  const double done = length > 0 ? std::clamp((t - warmup) / length, 0.0, 1.0) : 1.0;
  return s.final_lr + (peak - s.final_lr) * 0.5 * (1 + std::cos(std::numbers::pi * done));
}

}  // namespace frugal
