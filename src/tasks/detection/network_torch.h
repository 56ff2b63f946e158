// A detector of Gold-YOLO's form while it learns: what its head says, and what its graph becomes afterwards.
#pragma once

#include <string>
#include <vector>

#include "tasks/detection/loss_torch.h"
#include "train/interpreter.h"

namespace frugal {

// For pictures of one size.
class DetectorHead {
 public:
  DetectorHead(const Graph& graph, std::int64_t height, std::int64_t width);

  struct Output {
    DetectionOutput free;      // of the cells
    DetectionOutput anchored;  // of cells with anchors; its scores are undefined where the network has no such heads
  };
  // `features`: also the neck's maps.
  Output run(Interpreter& net, const torch::Tensor& pictures, bool training, bool features = false) const;

  struct Losses {
    DetectionLoss free, anchored;  // `anchored` is undefined where the network has no such heads
    torch::Tensor total() const { return anchored.classes.defined() ? free.total() + anchored.total() : free.total(); }
  };
  // An object of the heads with anchors takes 26 cells, as in the release; the rest is as `options` says for both.
  Losses loss(const Output& output, const std::vector<Objects>& objects, const DetectionLossOptions& options,
              const DetectionOutput* teacher = nullptr, const Distillation& distillation = {}) const;

 private:
  std::vector<std::string> taps_, features_;
  Cells cells_, anchor_cells_;
};

// The form that finds boxes, of the option `head` that a network learnt with: heads with anchors are left out, and of
// two forms of a box that one stays which learnt from the other.
std::string deployed_head(const Graph& graph);
// The weights of `deployed` out of those that it learnt with.
Weights deployed_weights(const Graph& deployed, const Weights& learnt);

}  // namespace frugal
