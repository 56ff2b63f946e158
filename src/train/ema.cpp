#include "train/ema.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"

namespace frugal {

Ema::Ema(std::map<std::string, torch::Tensor> weights, double decay, double ramp) : decay_(decay), ramp_(ramp) {
  torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : weights) {
    if (!tensor.is_floating_point()) continue;
    means_[name] = tensor.detach().clone();
    weights_[name] = tensor.detach();  // shares storage
  }
}

void Ema::update() {
  torch::NoGradGuard no_grad;
  const auto n = static_cast<double>(updates_++);
  const double decay = ramp_ > 0 ? decay_ * (1 - std::exp(-(n + 1) / ramp_)) : std::min(decay_, (1 + n) / (10 + n));
  for (auto& [name, mean] : means_) mean.lerp_(weights_.at(name), 1 - decay);
}

void Ema::swap() {
  torch::NoGradGuard no_grad;
  for (auto& [name, mean] : means_) {
    torch::Tensor kept = mean.clone();
    mean.copy_(weights_.at(name));
    weights_.at(name).copy_(kept);
  }
}

void Ema::load(const std::map<std::string, torch::Tensor>& means, std::int64_t updates) {
  torch::NoGradGuard no_grad;
  for (auto& [name, mean] : means_) {
    auto found = means.find(name);
    require(found != means.end(), "the running mean of '{}' is missing", name);
    require(found->second.sizes() == mean.sizes(), "the running mean of '{}' has another shape", name);
    mean.copy_(found->second);
  }
  updates_ = updates;
}

}  // namespace frugal
