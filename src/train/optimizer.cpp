#include "train/optimizer.h"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>

#include <cmath>

#include "base/check.h"

namespace frugal {

Optimizer::Optimizer(const Recipe::Optimizer& options, const std::vector<std::string>& names,
                     std::vector<torch::Tensor> parameters)
    : options_(options), names_(names), parameters_(std::move(parameters)) {
  FRUGAL_ASSERT(names_.size() == parameters_.size());
  std::map<std::pair<double, bool>, Group> groups;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    bool spare = !options.decay_norm_and_bias && parameters_[i].dim() <= 1;
    const bool bias = names_[i].ends_with(".bias");
    Group& group = groups[{spare ? 0 : options.weight_decay, bias}];
    group.decay = spare ? 0 : options.weight_decay;
    group.bias = bias;
    group.members.push_back(i);
    first_.push_back(torch::zeros_like(parameters_[i]));
    if (options.kind != "sgd") second_.push_back(torch::zeros_like(parameters_[i]));
  }
  for (const auto& [key, group] : groups) groups_.push_back(group);
}

std::vector<torch::Tensor> Optimizer::pick(const Group& group, const std::vector<torch::Tensor>& from) const {
  std::vector<torch::Tensor> out;
  for (std::size_t i : group.members) out.push_back(from[i]);
  return out;
}

void Optimizer::step(const StepRates& rates) {
  torch::NoGradGuard no_grad;
  ++steps_;
  collected_ = 0;
  for (const Group& group : groups_) {
    const double lr = group.bias ? rates.bias_lr : rates.lr;
    const double decay = group.decay * rates.decay;
    options_.kind == "sgd" ? step_sgd(group, lr, decay, rates.momentum) : step_adam(group, lr, decay);
  }
}

namespace {

std::vector<torch::Tensor> gradients(const std::vector<torch::Tensor>& parameters) {
  std::vector<torch::Tensor> out;
  for (const torch::Tensor& p : parameters) {
    FRUGAL_ASSERT(p.grad().defined());
    out.push_back(p.grad());
  }
  return out;
}

}  // namespace

void Optimizer::step_sgd(const Group& group, double lr, double decay, double momentum) {
  std::vector<torch::Tensor> p = pick(group, parameters_), g = gradients(p);
  if (decay != 0) g = at::_foreach_add(g, p, decay);
  if (momentum != 0) {
    std::vector<torch::Tensor> m = pick(group, first_);
    at::_foreach_mul_(m, momentum);
    at::_foreach_add_(m, g);
    g = options_.nesterov ? at::_foreach_add(g, m, momentum) : m;
  }
  at::_foreach_add_(p, g, -lr);
}

void Optimizer::step_adam(const Group& group, double lr, double decay) {
  std::vector<torch::Tensor> p = pick(group, parameters_), g = gradients(p), m = pick(group, first_),
                             v = pick(group, second_);
  const double b1 = options_.betas[0], b2 = options_.betas[1], t = static_cast<double>(steps_);
  const bool lamb = options_.kind == "lamb";
  if (decay != 0 && !lamb) at::_foreach_mul_(p, 1 - lr * decay);
  at::_foreach_mul_(m, b1);
  at::_foreach_add_(m, g, 1 - b1);
  at::_foreach_mul_(v, b2);
  at::_foreach_addcmul_(v, g, g, 1 - b2);
  std::vector<torch::Tensor> root = at::_foreach_sqrt(v);
  at::_foreach_div_(root, std::sqrt(1 - std::pow(b2, t)));
  at::_foreach_add_(root, options_.eps);
  const double unbiased = 1 / (1 - std::pow(b1, t));
  if (decay == 0 || !lamb) return at::_foreach_addcdiv_(p, m, root, -lr * unbiased);
  for (std::size_t i = 0; i < p.size(); ++i) {
    const torch::Tensor u = m[i] / root[i] * unbiased + decay * p[i];
    const torch::Tensor length = p[i].norm(), wanted = length / u.norm();
    p[i].sub_(u * torch::where((length > 0) & wanted.isfinite(), wanted, torch::ones_like(wanted)), lr);
  }
}

std::map<std::string, torch::Tensor> Optimizer::state() const {
  std::map<std::string, torch::Tensor> out;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    out["first/" + names_[i]] = first_[i];
    if (!second_.empty()) out["second/" + names_[i]] = second_[i];
    if (collected_ > 0) out["gradient/" + names_[i]] = parameters_[i].grad();
  }
  out["steps"] = torch::tensor({steps_}, torch::kInt64);
  if (collected_ > 0) out["collected"] = torch::tensor({collected_}, torch::kInt64);
  return out;
}

void Optimizer::load(const std::map<std::string, torch::Tensor>& state) {
  auto get = [&](const std::string& name) {
    auto found = state.find(name);
    require(found != state.end(), "the optimiser's '{}' is missing", name);
    return found->second;
  };
  auto fill = [&](torch::Tensor& mine, const std::string& name) {
    torch::Tensor t = get(name);
    require(t.sizes() == mine.sizes() && t.scalar_type() == mine.scalar_type(),
            "the optimiser's '{}' has another shape or type", name);
    mine.copy_(t);
  };
  auto number = [&](const std::string& name) {
    torch::Tensor n = get(name);
    require(n.numel() == 1 && n.scalar_type() == torch::kInt64, "the optimiser's '{}' is not one whole number", name);
    return n.item<std::int64_t>();
  };
  steps_ = number("steps");
  collected_ = state.contains("collected") ? number("collected") : 0;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    fill(first_[i], "first/" + names_[i]);
    if (!second_.empty()) fill(second_[i], "second/" + names_[i]);
    if (collected_ == 0) continue;
    torch::Tensor gradient = torch::zeros_like(parameters_[i]);
    fill(gradient, "gradient/" + names_[i]);
    parameters_[i].mutable_grad() = gradient;
  }
}

}  // namespace frugal
