#include "tasks/detection/assign_torch.h"

namespace frugal {
namespace {

using torch::Tensor;

constexpr double kEps = 1e-9;

// Whether a cell's centre is inside an object's box: [objects, cells].
Tensor inside(const Cells& cells, const Objects& objects) {
  const Tensor points = cells.points.to(objects.boxes).unsqueeze(0);
  return to_distances(points, objects.boxes.unsqueeze(1)).amin(-1) > kEps;
}

// Marks the `count` largest of each row; of equal ones the first.
Tensor largest(const Tensor& values, std::int64_t count) {
  count = std::min(count, values.size(1));
  const Tensor order = std::get<1>(torch::sort(values, /*stable=*/true, 1, /*descending=*/true)).narrow(1, 0, count);
  return torch::zeros_like(values, torch::kBool).scatter_(1, order, true);
}

// Of the objects that take a cell, the one of largest overlap among all objects keeps it.
Tensor settle(Tensor taken, const Tensor& overlaps) {
  const Tensor disputed = taken.sum(0) > 1;
  const Tensor winner = overlaps.argmax(0);
  const Tensor only = torch::zeros_like(taken).scatter_(0, winner.unsqueeze(0), true);
  return torch::where(disputed.unsqueeze(0), only, taken);
}

// `quality` [cells]: the score of the taken ones.
Assignment assignment(const Objects& objects, const Tensor& taken, const Tensor& quality, std::int64_t classes) {
  const Tensor any = taken.any(0), index = taken.to(torch::kInt64).argmax(0);
  const Tensor of_class = torch::one_hot(objects.labels.index_select(0, index), classes).to(torch::kFloat64);
  return {torch::where(any, index, torch::full_like(index, -1)),
          of_class * torch::where(any, quality, torch::zeros_like(quality)).unsqueeze(1)};
}

Assignment nothing(const Cells& cells, std::int64_t classes, const torch::Device& device) {
  const auto options = torch::device(device);
  const std::int64_t count = cells.points.size(0);
  return {torch::full({count}, -1, options.dtype(torch::kInt64)),
          torch::zeros({count, classes}, options.dtype(torch::kFloat64))};
}

Objects in_doubles(const Objects& objects) { return {objects.labels, objects.boxes.to(torch::kFloat64)}; }

}  // namespace

Assignment assign_task_aligned(const Cells& cells, const Objects& given, const Tensor& scores, const Tensor& boxes,
                               const TaskAligned& how) {
  torch::NoGradGuard no_grad;
  if (given.labels.numel() == 0) return nothing(cells, scores.size(1), scores.device());
  const Objects objects = in_doubles(given);
  const Tensor overlaps = iou_matrix(objects.boxes, boxes.to(torch::kFloat64), kEps);
  const Tensor of_class = scores.to(torch::kFloat64).index_select(1, objects.labels).t();
  const Tensor fit = of_class.pow(how.alpha) * overlaps.pow(how.beta);
  const Tensor within = inside(cells, objects);
  const Tensor taken = settle(largest(fit * within, how.most).logical_and(within), overlaps);
  const Tensor best_fit = (fit * taken).amax(1, true), best_overlap = (overlaps * taken).amax(1, true);
  const Tensor quality = (fit * taken * best_overlap / (best_fit + kEps)).amax(0);
  return assignment(objects, taken, quality, scores.size(1));
}

Assignment assign_atss(const Cells& cells, const Objects& given, std::int64_t classes, const Tensor& boxes,
                       const Atss& how) {
  torch::NoGradGuard no_grad;
  if (given.labels.numel() == 0) return nothing(cells, classes, boxes.device());
  const Objects objects = in_doubles(given);
  const Tensor points = cells.points.to(objects.boxes), half = cells.strides.to(objects.boxes) * (how.side / 2);
  const Tensor anchors = torch::cat({points - half, points + half}, 1);
  const Tensor centres = (objects.boxes.narrow(1, 0, 2) + objects.boxes.narrow(1, 2, 2)) / 2;
  const Tensor distance = (centres.unsqueeze(1) - points.unsqueeze(0)).square().sum(-1).sqrt();
  std::vector<Tensor> near;
  std::int64_t begin = 0;
  for (std::int64_t count : cells.counts) {
    near.push_back(largest(-distance.narrow(1, begin, count), how.nearest));
    begin += count;
  }
  const Tensor candidate = torch::cat(near, 1), overlaps = iou_matrix(objects.boxes, anchors, kEps);
  // Every object has the same number of candidates.
  const Tensor of_candidates = overlaps.masked_select(candidate).view({objects.boxes.size(0), -1});
  const Tensor threshold = of_candidates.mean(1, true) + of_candidates.std(1, /*unbiased=*/true, /*keepdim=*/true);
  const Tensor taken =
      settle(candidate.logical_and(overlaps > threshold).logical_and(inside(cells, objects)), overlaps);
  const Tensor quality = (iou_matrix(objects.boxes, boxes.to(torch::kFloat64), kEps) * taken).amax(0);
  return assignment(objects, taken, quality, classes);
}

}  // namespace frugal
