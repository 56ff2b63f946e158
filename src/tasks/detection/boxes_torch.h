// Boxes while a detector trains. A box is (x1, y1, x2, y2), the last dimension of a tensor.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

namespace frugal {

// The cells of all levels, row by row, level after level.
struct Cells {
  torch::Tensor points;   // [cells, 2]: centres in pixels
  torch::Tensor strides;  // [cells, 1] in pixels
  std::vector<std::int64_t> counts;
};
Cells detection_cells(std::int64_t height, std::int64_t width, const std::vector<std::int64_t>& strides);

// Cells with several anchors, [level][anchor][cell].
Cells anchor_cells(const Cells& cells, std::int64_t anchors);
// Boxes, in strides, of what a head with anchors says, [..., cells, 4]: an offset of the centre from its point, and
// sides (2 sigmoid)^2 times the anchor's. `anchors`: pairs of width and height in pixels, level after level.
torch::Tensor anchor_boxes(const Cells& cells, const std::vector<std::vector<double>>& anchors,
                           const torch::Tensor& raw);

// Intersection over union of every box of `a` [m, 4] with every one of `b` [n, 4]: [m, n].
torch::Tensor iou_matrix(const torch::Tensor& a, const torch::Tensor& b, double eps);

enum class IouLoss { giou, siou };
IouLoss iou_loss_named(const std::string& name);  // "giou", "siou"
// 1 minus the generalised IoU (Rezatofighi et al., CVPR 2019, arXiv 1902.09630) or SIoU (Gevorgyan, arXiv 2205.12740)
// of each pair of boxes, [..., 4] to [...]; 0 for equal boxes.
torch::Tensor iou_loss(IouLoss kind, const torch::Tensor& predicted, const torch::Tensor& target);

// Distances (left, top, right, bottom) from points to the sides of boxes and back; all in one unit.
torch::Tensor to_distances(const torch::Tensor& points, const torch::Tensor& boxes);
torch::Tensor to_boxes(const torch::Tensor& points, const torch::Tensor& distances);

// Mean of the distribution over 0..bins-1 that logits [..., 4 * bins], side by side, give each side: [..., 4].
torch::Tensor expected_distances(const torch::Tensor& logits, std::int64_t bins);

}  // namespace frugal
