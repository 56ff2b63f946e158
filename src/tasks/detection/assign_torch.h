// Which cell learns which object. Nothing here has a gradient.
#pragma once

#include "tasks/detection/boxes_torch.h"

namespace frugal {

// The objects of one picture: labels int64 [objects], boxes [objects, 4] in pixels.
struct Objects {
  torch::Tensor labels, boxes;
};

// What the cells of one picture should say. Background: score 0, object -1.
struct Assignment {
  torch::Tensor object;  // int64 [cells]: index into Objects, -1: none
  torch::Tensor scores;  // float64 [cells, classes]: of the object's class, between 0 and 1
};

struct TaskAligned {
  std::int64_t most = 13;  // cells of an object
  double alpha = 1, beta = 6;
};
// TOOD's assigner (Feng et al., ICCV 2021, arXiv 2108.07755): an object takes the `most` cells within its box that
// are best by score^alpha * IoU^beta; of cells that several objects take, the one of largest IoU keeps it; a score is
// that product, scaled so that an object's best cell has its best IoU. Ties: the lower index.
//   scores [cells, classes], boxes [cells, 4] in pixels: as predicted
Assignment assign_task_aligned(const Cells& cells, const Objects& objects, const torch::Tensor& scores,
                               const torch::Tensor& boxes, const TaskAligned& how = {});

struct Atss {
  std::int64_t nearest = 9;  // cells of a level
  double side = 5;           // of a cell's square anchor, in strides
};
// ATSS (Zhang et al., CVPR 2020, arXiv 1912.02424): of the cells nearest to an object's centre those whose anchor has
// an IoU above the mean plus the deviation of all of them, and whose centre is inside. A score is the IoU of the
// predicted box.
Assignment assign_atss(const Cells& cells, const Objects& objects, std::int64_t classes, const torch::Tensor& boxes,
                       const Atss& how = {});

}  // namespace frugal
