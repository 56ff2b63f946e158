// What one step of training sees, and where it comes from.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace frugal {

struct Batch {
  std::vector<torch::Tensor> inputs;             // of the network, in its order
  std::map<std::string, torch::Tensor> targets;  // "labels": int64 [n]; "probabilities": float [n, classes] with mixup
  std::int64_t samples = 0;                      // here
  std::int64_t global_samples = 0;               // of all processes: losses are sums divided by it

  Batch to(torch::Device device) const;
};

// Batches by position: load(epoch, step) always gives the same, whoever asks, whenever.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  virtual std::int64_t steps() const = 0;                               // of one epoch
  virtual Batch load(std::int64_t epoch, std::int64_t step) const = 0;  // may be called from any one thread
};

}  // namespace frugal
