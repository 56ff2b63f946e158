#include "train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/random.h"
#include "train/communicator.h"
#include "train/norm_statistics.h"
#include "train/prefetcher.h"
#include "train/schedule.h"

namespace frugal {
namespace {

std::unique_ptr<Optimizer> optimizer_of(const Recipe& recipe, const Part& part) {
  std::vector<std::string> names;
  std::vector<torch::Tensor> parameters;
  for (const std::string& name : part.net->parameter_names()) {
    torch::Tensor& p = part.net->weights().at(name);
    if (std::find(part.fixed.begin(), part.fixed.end(), name) != part.fixed.end()) {
      p.set_requires_grad(false);
      continue;
    }
    names.push_back(name);
    parameters.push_back(p);
  }
  return std::make_unique<Optimizer>(recipe.optimizer, names, parameters);
}

// What is being collected does not pass from one epoch to the next, as in YOLOv6.
void drop_collected(const Optimizer& optimizer) {
  torch::NoGradGuard no_grad;
  for (const torch::Tensor& p : optimizer.parameters())
    if (!optimizer.fresh() && p.grad().defined()) p.mutable_grad().zero_();
}

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

Trainer::Trainer(const Recipe& recipe, TrainStep& step, const BatchSource& data,
                 std::vector<std::shared_ptr<Hook>> hooks, std::function<bool()> stop)
    : recipe_(recipe), step_(step), data_(data), hooks_(std::move(hooks)), stop_(std::move(stop)) {
  std::map<std::string, torch::Tensor> averaged;
  for (const Part& part : step_.parts()) {
    if (!part.learns) {
      for (auto& [name, tensor] : part.net->weights()) tensor.set_requires_grad(false);
      continue;
    }
    learners_.push_back({part, optimizer_of(recipe, part)});
    for (auto& [name, tensor] : part.net->weights()) averaged[part.name + "/" + name] = tensor;
  }
  FRUGAL_ASSERT(!learners_.empty());
  if (recipe.ema.decay > 0) ema_ = std::make_unique<Ema>(averaged, recipe.ema.decay, recipe.ema.ramp);
}

Trainer::~Trainer() = default;

double Trainer::elapsed() const { return seconds_before_ + now() - started_; }

TrainResult Trainer::run(bool resume) {
  Communicator& c = Communicator::instance();
  if (c.first()) {
    std::error_code error;
    std::filesystem::create_directories(recipe_.output, error);
    if (error) fail("cannot make the folder {}: {}", recipe_.output, error.message());
  }
  if (resume) restore();
  started_ = now();
  const std::int64_t left = (recipe_.epochs - position_.epoch) * data_.steps() - position_.step;
  bool stopped = false;
  {
    Progress progress("training", std::max<std::int64_t>(left, 0));
    while (position_.epoch < recipe_.epochs && !stopped) stopped = !run_epoch(progress);
  }
  if (stopped) save();
  return {best_, recipe_.output + "/model.safetensors", position_.epoch, elapsed(), stopped};
}

bool Trainer::run_epoch(Progress& progress) {
  Prefetcher batches(data_, position_.epoch, position_.step);
  const torch::Device device = learners_[0].part.net->device();
  while (position_.step < data_.steps()) {
    if (Communicator::instance().any(stop_())) return false;
    if (position_.step == 0) {
      for (Learner& learner : learners_) drop_collected(*learner.optimizer);
      for (auto& hook : hooks_) hook->before_epoch(position_);
    }
    run_step(batches.next().to(device), progress);
    ++position_.step;
    ++position_.global_step;
  }
  finish_epoch();
  return true;
}

void Trainer::run_step(const Batch& batch, Progress& progress) {
  position_.learning_rate = learning_rate(recipe_, position_.global_step, data_.steps());
  // Ops that draw (dropout) start every step from a seed of its own, so that a resumed run draws the same.
  RandomStream random(static_cast<std::uint64_t>(recipe_.seed), "step",
                      static_cast<std::uint64_t>(position_.global_step));
  torch::manual_seed(random.next_u32() + static_cast<std::uint64_t>(Communicator::instance().rank()));
  stepped_ = false;
  for (auto& hook : hooks_) hook->before_step(position_);
  Terms terms = step_.run(
      batch, [this](const torch::Tensor& loss, const std::vector<std::string>& parts) { minimize(loss, parts); });
  if (ema_ && stepped_) ema_->update();
  for (auto& hook : hooks_) hook->after_step(position_, terms);
  std::vector<double> values;
  for (const auto& [name, value] : terms) values.push_back(value.item<double>());
  Communicator::instance().sum(values);
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (!std::isfinite(values[i]))
      fail(
          "{} is {} at step {} of epoch {}: the training diverged; a smaller optimizer.lr or a longer "
          "schedule.warmup_epochs may help",
          terms[i].first, values[i], position_.step + 1, position_.epoch + 1);
    if (sums_.size() <= i) sums_.emplace_back(terms[i].first, 0.0);
    sums_[i].second += values[i];
  }
  progress.advance(1, fmt::format("epoch {}/{}  {} {:.4f}", position_.epoch + 1, recipe_.epochs, terms[0].first,
                                  sums_[0].second / static_cast<double>(position_.step + 1)));
}

void Trainer::minimize(const torch::Tensor& loss, const std::vector<std::string>& parts) {
  std::vector<Learner*> chosen;
  std::vector<std::pair<torch::Tensor, torch::Tensor>> others;  // gradients that this loss must not add to
  for (Learner& learner : learners_) {
    const bool wanted = parts.empty() || std::find(parts.begin(), parts.end(), learner.part.name) != parts.end();
    if (wanted) chosen.push_back(&learner);
    for (const torch::Tensor& p : learner.optimizer->parameters()) {
      if (!wanted) others.emplace_back(p, p.grad());
      if (!wanted || learner.optimizer->fresh()) p.mutable_grad() = torch::Tensor();
    }
  }
  FRUGAL_ASSERT(!chosen.empty());
  (loss * recipe_.loss.scale).backward();
  for (auto& [parameter, gradient] : others) parameter.mutable_grad() = gradient;
  const StepRates rates = step_rates(recipe_, position_.global_step, data_.steps());
  std::vector<torch::Tensor> parameters;
  std::erase_if(chosen, [&](Learner* learner) {
    for (const torch::Tensor& p : learner->optimizer->parameters())
      if (!p.grad().defined()) p.mutable_grad() = torch::zeros_like(p);
    return !learner->optimizer->collect(rates.accumulate);
  });
  if (chosen.empty()) return;
  for (Learner* learner : chosen)
    parameters.insert(parameters.end(), learner->optimizer->parameters().begin(),
                      learner->optimizer->parameters().end());
  sum_gradients(parameters);
  for (auto& hook : hooks_) hook->after_backward(position_);
  if (recipe_.optimizer.clip_norm > 0) clip_gradients(parameters);
  for (Learner* learner : chosen) learner->optimizer->step(rates);
  stepped_ = true;
}

void Trainer::sum_gradients(const std::vector<torch::Tensor>& parameters) {
  Communicator& c = Communicator::instance();
  if (c.size() == 1) return;
  std::vector<torch::Tensor> flat;
  for (const torch::Tensor& p : parameters) flat.push_back(p.grad().flatten().to(torch::kCPU, torch::kFloat32));
  torch::Tensor all = torch::cat(flat);
  c.sum(std::span<float>(all.data_ptr<float>(), static_cast<std::size_t>(all.numel())));
  std::int64_t at = 0;
  for (const torch::Tensor& p : parameters) {
    p.mutable_grad().copy_(all.slice(0, at, at + p.numel()).view(p.sizes()));
    at += p.numel();
  }
}

void Trainer::clip_gradients(const std::vector<torch::Tensor>& parameters) {
  torch::NoGradGuard no_grad;
  torch::Tensor squares = torch::zeros({}, parameters[0].options());
  for (const torch::Tensor& p : parameters) squares += p.grad().square().sum();
  torch::Tensor scale = (recipe_.optimizer.clip_norm / (squares.sqrt() + 1e-6)).clamp_max(1);
  for (const torch::Tensor& p : parameters) p.mutable_grad().mul_(scale);
}

Metrics Trainer::evaluate() {
  renew_norms();
  Metrics metrics = step_.evaluate();
  for (const auto& [name, value] : metrics)
    if (!std::isfinite(value))
      fail("the evaluation after epoch {} gives {} = {}: the training diverged", position_.epoch + 1, name, value);
  return metrics;
}

Metrics Trainer::measure() {
  Metrics raw;
  if (recipe_.eval.raw && ema_) raw = evaluate();
  EmaScope scope(ema_.get());
  Metrics metrics = evaluate();
  for (const auto& [name, value] : raw) metrics["raw_" + name] = value;
  keep_model(metrics);
  return metrics;
}

// With the first batches of the epoch that ends.
void Trainer::renew_norms() {
  const std::int64_t batches = std::min(recipe_.eval.norm_batches, data_.steps());
  if (batches == 0) return;
  RandomStream random(static_cast<std::uint64_t>(recipe_.seed), "norms", static_cast<std::uint64_t>(position_.epoch));
  torch::manual_seed(random.next_u32());
  for (Learner& learner : learners_) {
    Prefetcher loaded(data_, position_.epoch);
    renew_norm_statistics(*learner.part.net, batches,
                          [&](std::int64_t) { step_.run_forward(loaded.next().to(learner.part.net->device())); });
  }
}

// Writes the last model, and the best one where this is it. Called with the averaged weights in place.
void Trainer::keep_model(const Metrics& metrics) {
  auto value = metrics.find(step_.best_metric());
  FRUGAL_ASSERT(value != metrics.end());
  auto before = best_.find(step_.best_metric());
  const bool better = before == best_.end() ||
                      (step_.higher_is_better() ? value->second > before->second : value->second < before->second);
  if (better) {
    best_ = metrics;
    best_epoch_ = position_.epoch + 1;
  }
  if (!Communicator::instance().first()) return;
  Model model = step_.export_model();
  nlohmann::json notes = metrics;
  notes["epoch"] = position_.epoch + 1;
  model.metadata["metrics"] = notes.dump();
  model.metadata["recipe"] = recipe_json(recipe_).dump();
  save_model(recipe_.output + "/last.safetensors", model);
  if (better) save_model(recipe_.output + "/model.safetensors", model);
}

void Trainer::finish_epoch() {
  RunLog::Row row{{"epoch", static_cast<double>(position_.epoch + 1)}, {"lr", position_.learning_rate}};
  std::string line =
      fmt::format("epoch {}/{}  lr {:.4g}", position_.epoch + 1, recipe_.epochs, position_.learning_rate);
  auto report = [&](const std::string& name, double value) {
    row.emplace_back(name, value);
    std::string words = name;
    std::replace(words.begin(), words.end(), '_', ' ');
    line += fmt::format("  {} {:.4f}", words, value);
  };
  for (const auto& [name, sum] : sums_) report("train_" + name, sum / static_cast<double>(data_.steps()));
  Metrics metrics;
  const bool last = position_.epoch + 1 == recipe_.epochs;
  if (last || (position_.epoch + 1) % recipe_.eval.every == 0) metrics = measure();
  for (const auto& [name, value] : metrics) report("test_" + name, value);
  row.emplace_back("seconds", elapsed());
  log_.add(std::move(row));
  for (auto& hook : hooks_) hook->after_epoch(position_, metrics);
  if (Communicator::instance().first()) {
    log_.write(recipe_.output, recipe_.model.name + " on " + recipe_.data.name);
    log_info("{}  {:.0f} s", line, elapsed());
  }
  sums_.clear();
  position_.step = 0;
  ++position_.epoch;
  if (last || position_.epoch % recipe_.checkpoint_every == 0) save();
}

}  // namespace frugal
