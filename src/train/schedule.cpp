#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/check.h"

namespace frugal {

namespace {

// Steps, of which the last one has the full rate.
double warmup_steps(const Recipe& r, std::int64_t steps_per_epoch) {
  return std::max(std::round(r.schedule.warmup_epochs * static_cast<double>(steps_per_epoch)),
                  static_cast<double>(r.schedule.warmup_steps));
}

double yolo_cosine(const Recipe& r, double epoch) {
  const double falls = (1 - std::cos(std::numbers::pi * epoch / static_cast<double>(r.epochs))) / 2;
  return r.optimizer.lr + (r.schedule.final_lr - r.optimizer.lr) * falls;
}

double yolo_rate(const Recipe& r, std::int64_t step, std::int64_t steps_per_epoch) {
  const double warmup = warmup_steps(r, steps_per_epoch), from = r.schedule.warmup_from;
  const std::int64_t epoch = step / steps_per_epoch, warm_epoch = static_cast<std::int64_t>(warmup) / steps_per_epoch;
  if (static_cast<double>(step) < warmup)
    return yolo_cosine(r, static_cast<double>(epoch)) * (from + (1 - from) * static_cast<double>(step) / warmup);
  return yolo_cosine(r, static_cast<double>(epoch == warm_epoch ? epoch : epoch - 1));
}

}  // namespace

StepRates step_rates(const Recipe& r, std::int64_t step, std::int64_t steps_per_epoch) {
  StepRates rates;
  rates.lr = rates.bias_lr = learning_rate(r, step, steps_per_epoch);
  rates.momentum = r.optimizer.momentum;
  rates.accumulate = std::max(1.0, std::nearbyint(r.optimizer.accumulate));
  const double warmup = warmup_steps(r, steps_per_epoch), at = static_cast<double>(step);
  if (r.schedule.final_weight_decay > 0) {
    const double last = std::max(1.0, static_cast<double>(r.epochs * steps_per_epoch - 1));
    const double rest = (1 + std::cos(std::numbers::pi * std::min(1.0, at / last))) / 2;
    rates.decay = rest + (1 - rest) * r.schedule.final_weight_decay / r.optimizer.weight_decay;
  }
  if (at > warmup || warmup == 0) return rates;
  const auto between = [&](double from, double to) { return from + (to - from) * at / warmup; };
  rates.accumulate = std::max(1.0, std::nearbyint(between(1, r.optimizer.accumulate)));
  if (r.schedule.warmup_momentum > 0) rates.momentum = between(r.schedule.warmup_momentum, r.optimizer.momentum);
  if (r.schedule.warmup_bias_lr > 0) {
    const double target = r.schedule.kind == "yolo"
                              ? yolo_cosine(r, std::floor(at / static_cast<double>(steps_per_epoch)))
                              : r.optimizer.lr;
    rates.bias_lr = between(r.schedule.warmup_bias_lr, target);
  }
  return rates;
}

double learning_rate(const Recipe& r, std::int64_t step, std::int64_t steps_per_epoch) {
  const Recipe::Schedule& s = r.schedule;
  if (s.kind == "yolo") return yolo_rate(r, step, steps_per_epoch);
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
