// A running mean of the weights (Polyak and Juditsky 1992), buffers included; it is what is evaluated and saved.
#pragma once

#include <torch/torch.h>

#include <map>
#include <string>

namespace frugal {

class Ema {
 public:
  // Follows the floating-point tensors of `weights`, whose storage must stay the same.
  Ema(std::map<std::string, torch::Tensor> weights, double decay, double ramp = 0);

  // mean = d * mean + (1 - d) * weight. So that the start does not weigh for long, d = min(decay, (1 + updates) /
  // (10 + updates)), or, with a ramp (YOLOv5 to v6), d = decay * (1 - exp(-updates / ramp)), this update among them.
  void update();
  // Exchanges weights and means; twice gives back what was.
  void swap();

  const std::map<std::string, torch::Tensor>& means() const { return means_; }
  std::int64_t updates() const { return updates_; }
  void load(const std::map<std::string, torch::Tensor>& means, std::int64_t updates);  // Error: names, shapes

 private:
  std::map<std::string, torch::Tensor> weights_, means_;
  double decay_, ramp_;
  std::int64_t updates_ = 0;
};

// Keeps the means in place of the weights for one scope; null: nothing.
class EmaScope {
 public:
  explicit EmaScope(Ema* ema) : ema_(ema) {
    if (ema_) ema_->swap();
  }
  ~EmaScope() {
    if (ema_) ema_->swap();
  }
  EmaScope(const EmaScope&) = delete;
  EmaScope& operator=(const EmaScope&) = delete;

 private:
  Ema* ema_;
};

}  // namespace frugal
