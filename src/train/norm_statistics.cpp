#include "train/norm_statistics.h"

#include "base/check.h"

namespace frugal {
namespace {

// A running statistic, which moves by `momentum` of the way to each batch's: from 0 it is that share of it.
struct Statistic {
  torch::Tensor running, sum;
  double momentum;
};

std::vector<Statistic> statistics_of(Interpreter& net) {
  std::vector<Statistic> out;
  for (const Node& node : net.graph().nodes()) {
    if (node.op->name != "batch_norm") continue;
    const double momentum = attr_real(node, "momentum");
    if (momentum == 0) continue;
    for (std::size_t input : {3, 4}) {
      const auto running = net.weights().find(net.graph().value(node.inputs[input]).name);
      FRUGAL_ASSERT(running != net.weights().end());
      out.push_back({running->second, torch::zeros_like(running->second, torch::kFloat64), momentum});
    }
  }
  return out;
}

}  // namespace

void renew_norm_statistics(Interpreter& net, std::int64_t batches, const std::function<void(std::int64_t)>& forward) {
  torch::NoGradGuard no_grad;
  std::vector<Statistic> statistics = statistics_of(net);
  if (statistics.empty() || batches == 0) return;
  for (std::int64_t i = 0; i < batches; ++i) {
    for (Statistic& s : statistics) s.running.zero_();
    forward(i);
    for (Statistic& s : statistics) s.sum += s.running / s.momentum;
  }
  for (Statistic& s : statistics) s.running.copy_(s.sum / static_cast<double>(batches));
}

}  // namespace frugal
