#include "tasks/detection/boxes_torch.h"

#include <numbers>

#include "base/check.h"

namespace frugal {

using torch::Tensor;

Cells detection_cells(std::int64_t height, std::int64_t width, const std::vector<std::int64_t>& strides) {
  Cells cells;
  std::vector<Tensor> points, of_stride;
  for (std::int64_t stride : strides) {
    const std::int64_t h = height / stride, w = width / stride;
    const auto options = torch::dtype(torch::kFloat32);
    const std::vector<Tensor> grid =
        torch::meshgrid({(torch::arange(h, options) + 0.5) * stride, (torch::arange(w, options) + 0.5) * stride}, "ij");
    points.push_back(torch::stack({grid[1], grid[0]}, -1).view({-1, 2}));
    of_stride.push_back(torch::full({h * w, 1}, static_cast<float>(stride)));
    cells.counts.push_back(h * w);
  }
  cells.points = torch::cat(points);
  cells.strides = torch::cat(of_stride);
  return cells;
}

Cells anchor_cells(const Cells& cells, std::int64_t anchors) {
  Cells out;
  std::vector<Tensor> points, strides;
  std::int64_t begin = 0;
  for (std::int64_t count : cells.counts) {
    points.push_back(cells.points.narrow(0, begin, count).repeat({anchors, 1}));
    strides.push_back(cells.strides.narrow(0, begin, count).repeat({anchors, 1}));
    out.counts.push_back(count * anchors);
    begin += count;
  }
  out.points = torch::cat(points);
  out.strides = torch::cat(strides);
  return out;
}

Tensor anchor_boxes(const Cells& cells, const std::vector<std::vector<double>>& anchors, const Tensor& raw) {
  FRUGAL_ASSERT(anchors.size() == cells.counts.size());
  std::vector<Tensor> sizes;
  for (std::size_t level = 0; level < anchors.size(); ++level) {
    const auto pairs = static_cast<std::int64_t>(anchors[level].size() / 2);
    sizes.push_back(torch::tensor(anchors[level], raw.options().requires_grad(false))
                        .view({pairs, 1, 2})
                        .expand({pairs, cells.counts[level] / pairs, 2})
                        .reshape({-1, 2}));
  }
  const Tensor strides = cells.strides.to(raw.options().requires_grad(false));
  const Tensor centre = raw.narrow(-1, 0, 2) + cells.points.to(strides) / strides;
  const Tensor half = (raw.narrow(-1, 2, 2).sigmoid() * 2).square() * (torch::cat(sizes) / strides) / 2;
  return torch::cat({centre - half, centre + half}, -1);
}

namespace {

struct Sides {
  Tensor x1, y1, x2, y2;
  explicit Sides(const Tensor& box)
      : x1(box.select(-1, 0)), y1(box.select(-1, 1)), x2(box.select(-1, 2)), y2(box.select(-1, 3)) {}
};

Tensor overlap(const Sides& a, const Sides& b) {
  return (torch::minimum(a.x2, b.x2) - torch::maximum(a.x1, b.x1)).clamp_min(0) *
         (torch::minimum(a.y2, b.y2) - torch::maximum(a.y1, b.y1)).clamp_min(0);
}

// What SIoU takes off: 0.5 * (distance + shape); cw, ch: sides of the enclosing box.
Tensor siou_cost(const Sides& a, const Sides& b, const Tensor& cw, const Tensor& ch, const Tensor& w1, const Tensor& h1,
                 const Tensor& w2, const Tensor& h2, double eps) {
  const Tensor sx = (b.x1 + b.x2 - a.x1 - a.x2) * 0.5 + eps, sy = (b.y1 + b.y2 - a.y1 - a.y2) * 0.5 + eps;
  const Tensor sigma = (sx.square() + sy.square()).sqrt();
  const Tensor of_x = sx.abs() / sigma, of_y = sy.abs() / sigma;
  const Tensor sine = torch::where(of_x > std::numbers::sqrt2 / 2, of_y, of_x);
  const Tensor gamma = torch::cos(torch::asin(sine) * 2 - std::numbers::pi / 2) - 2;
  const Tensor distance = 2 - torch::exp(gamma * (sx / cw).square()) - torch::exp(gamma * (sy / ch).square());
  const auto unlike = [](const Tensor& m, const Tensor& n) {
    return (1 - torch::exp(-(m - n).abs() / torch::maximum(m, n))).pow(4);
  };
  return 0.5 * (distance + unlike(w1, w2) + unlike(h1, h2));
}

}  // namespace

Tensor iou_matrix(const Tensor& a, const Tensor& b, double eps) {
  const Sides m(a.unsqueeze(1)), n(b.unsqueeze(0));
  const auto area = [](const Sides& s) { return (s.x2 - s.x1).clamp_min(0) * (s.y2 - s.y1).clamp_min(0); };
  const Tensor common = overlap(m, n);
  return common / (area(m) + area(n) - common + eps);
}

IouLoss iou_loss_named(const std::string& name) {
  require(name == "giou" || name == "siou", "no loss of boxes is called '{}': giou or siou", name);
  return name == "giou" ? IouLoss::giou : IouLoss::siou;
}

Tensor iou_loss(IouLoss kind, const Tensor& predicted, const Tensor& target) {
  constexpr double kEps = 1e-10;
  const Sides a(predicted), b(target);
  const Tensor w1 = a.x2 - a.x1, h1 = a.y2 - a.y1 + kEps, w2 = b.x2 - b.x1, h2 = b.y2 - b.y1 + kEps;
  const Tensor common = overlap(a, b), all = w1 * h1 + w2 * h2 - common + kEps, iou = common / all;
  const Tensor cw = torch::maximum(a.x2, b.x2) - torch::minimum(a.x1, b.x1),
               ch = torch::maximum(a.y2, b.y2) - torch::minimum(a.y1, b.y1);
  if (kind == IouLoss::siou) return 1 - iou + siou_cost(a, b, cw, ch, w1, h1, w2, h2, kEps);
  const Tensor around = cw * ch + kEps;
  return 1 - iou + (around - all) / around;
}

Tensor to_distances(const Tensor& points, const Tensor& boxes) {
  return torch::cat({points - boxes.narrow(-1, 0, 2), boxes.narrow(-1, 2, 2) - points}, -1);
}

Tensor to_boxes(const Tensor& points, const Tensor& distances) {
  return torch::cat({points - distances.narrow(-1, 0, 2), points + distances.narrow(-1, 2, 2)}, -1);
}

Tensor expected_distances(const Tensor& logits, std::int64_t bins) {
  std::vector<std::int64_t> shape = logits.sizes().vec();
  shape.back() = 4;
  shape.push_back(bins);
  const Tensor numbers = torch::arange(bins, logits.options());
  return (logits.reshape(shape).softmax(-1) * numbers).sum(-1);
}

}  // namespace frugal
