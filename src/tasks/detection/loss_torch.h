// What a detector of Gold-YOLO's form learns by (Wang et al., NeurIPS 2023, arXiv 2309.11331, as YOLOv6 3.0).
#pragma once

#include "tasks/detection/assign_torch.h"

namespace frugal {

// Sum over all cells and classes of w * BCE(p, q) with w = 0.75 p^2 (1 - y) + q y (varifocal loss, Zhang et al., CVPR
// 2021, arXiv 2008.13367); y: 1 where q's class is assigned. The weight has a gradient too; logarithms end at -100.
torch::Tensor varifocal_loss(const torch::Tensor& scores, const torch::Tensor& targets, const torch::Tensor& assigned);

// Cross entropy of the two numbers beside the distance, weighted by nearness, mean over the sides (distribution focal
// loss, Li et al., NeurIPS 2020, arXiv 2006.04388): logits [n, 4 * bins], distances [n, 4] in strides to [n].
torch::Tensor distribution_loss(const torch::Tensor& logits, const torch::Tensor& distances, std::int64_t bins);

enum class Assigner { task_aligned, atss };
Assigner assigner_named(const std::string& name);  // "task_aligned", "atss"

struct DetectionLossOptions {
  IouLoss boxes = IouLoss::giou;
  Assigner assigner = Assigner::task_aligned;
  TaskAligned task_aligned;
  Atss atss;
  double class_weight = 1, box_weight = 2.5, distribution_weight = 0.5;
};

// What a frozen teacher adds to the loss (self-distillation of the paper's release): divergences from its softened
// distributions of classes, summed over all cells, and of distances, mean over the positive cells; of features, where
// wanted, softened over their places.
struct Distillation {
  double temperature = 20, class_weight = 1, distribution_weight = 1, feature_weight = 0;
  double share = 1;  // of all three: falls while the student learns
};
// The released fall of `share`: a cosine from 1 to 0.01.
double distillation_share(double epoch, double epochs);

// What the head says of a batch.
struct DetectionOutput {
  torch::Tensor scores;  // [pictures, cells, classes], after the sigmoid
  torch::Tensor logits;  // [pictures, cells, 4 * bins]: distributions of the distances; undefined: none
  torch::Tensor plain;  // [pictures, cells, 4]: distances in strides, where they are predicted as such; undefined: none
  torch::Tensor boxes;  // [pictures, cells, 4]: boxes in strides (anchor_boxes); undefined: none
  std::vector<torch::Tensor> features;  // of the neck [pictures, channels, h, w], for Distillation
};

struct DetectionLoss {
  torch::Tensor classes, boxes, distribution, features;  // weighted
  torch::Tensor total() const { return classes + boxes + distribution + features; }
};

// Sums over the batch divided by the sum of all target scores (not divided where that is 0). Objects are assigned by
// the boxes of `logits` where they are there, and a box of each form has its loss. A batch without objects has a loss
// of its classes only.
DetectionLoss detection_loss(const Cells& cells, const DetectionOutput& output, const std::vector<Objects>& objects,
                             const DetectionLossOptions& options, const DetectionOutput* teacher = nullptr,
                             const Distillation& distillation = {});

}  // namespace frugal
