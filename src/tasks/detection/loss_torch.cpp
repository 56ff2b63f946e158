#include "tasks/detection/loss_torch.h"

#include "base/check.h"

namespace frugal {

using torch::Tensor;

Tensor varifocal_loss(const Tensor& scores, const Tensor& targets, const Tensor& assigned) {
  const Tensor weight = 0.75 * scores.square() * (1 - assigned) + targets * assigned;
  return (weight * torch::binary_cross_entropy(scores, targets, {}, at::Reduction::None)).sum();
}

Tensor distribution_loss(const Tensor& logits, const Tensor& distances, std::int64_t bins) {
  const Tensor log = logits.view({-1, 4, bins}).log_softmax(-1);
  const Tensor d = distances.clamp(0, static_cast<double>(bins - 1) - 0.01);
  const Tensor left = d.floor().to(torch::kInt64), right = left + 1;
  const auto entropy = [&](const Tensor& number) { return -log.gather(-1, number.unsqueeze(-1)).squeeze(-1); };
  return (entropy(left) * (right - d) + entropy(right) * (d - left)).mean(-1);
}

Assigner assigner_named(const std::string& name) {
  require(name == "task_aligned" || name == "atss", "no assigner is called '{}': task_aligned or atss", name);
  return name == "atss" ? Assigner::atss : Assigner::task_aligned;
}

namespace {

// The assignments of a batch.
struct Targets {
  Tensor scores;         // [pictures, cells, classes]
  Tensor assigned;       // the same, 0 or 1
  Tensor picture, cell;  // of each positive cell, [positives]
  Tensor boxes;          // [positives, 4] in strides
  double sum = 0;        // of the scores

  Targets(const Cells& cells, const std::vector<Objects>& objects, const std::vector<Assignment>& all,
          const Tensor& like) {
    std::vector<Tensor> score, picture_of, cell_of, box;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Tensor chosen = (all[i].object >= 0).nonzero().squeeze(1);
      score.push_back(all[i].scores);
      cell_of.push_back(chosen);
      picture_of.push_back(torch::full_like(chosen, static_cast<std::int64_t>(i)));
      if (chosen.numel() == 0) continue;
      const Tensor of_cell = all[i].object.index_select(0, chosen);
      box.push_back(objects[i].boxes.to(torch::kFloat64).index_select(0, of_cell) /
                    cells.strides.to(torch::kFloat64).to(like.device()).index_select(0, chosen));
    }
    scores = torch::stack(score);
    picture = torch::cat(picture_of);
    cell = torch::cat(cell_of);
    boxes = box.empty() ? torch::zeros({0, 4}, torch::dtype(torch::kFloat64).device(like.device())) : torch::cat(box);
    sum = scores.sum().item<double>();
    assigned = torch::zeros_like(scores);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Tensor chosen = cell_of[i];
      if (chosen.numel() == 0) continue;
      const Tensor label = objects[i].labels.index_select(0, all[i].object.index_select(0, chosen));
      assigned[static_cast<std::int64_t>(i)].index_put_({chosen, label}, 1.0);
    }
  }

  Tensor of_positives(const Tensor& values) const { return values.index({picture, cell}); }
};

}  // namespace

DetectionLoss detection_loss(const Cells& cells, const DetectionOutput& output, const std::vector<Objects>& objects,
                             const DetectionLossOptions& options) {
  const Tensor& scores = output.scores;
  require(output.logits.defined() || output.plain.defined(), "a detector's output has neither distributions nor boxes");
  const std::int64_t bins = output.logits.defined() ? output.logits.size(-1) / 4 : 0;
  const Tensor strides = cells.strides.to(scores), points = cells.points.to(scores) / strides;
  std::vector<Tensor> forms;  // boxes in strides
  if (bins > 0) forms.push_back(to_boxes(points, expected_distances(output.logits, bins)));
  if (output.plain.defined()) forms.push_back(to_boxes(points, output.plain));

  std::vector<Assignment> all;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    const Tensor boxes = forms[0][at].detach() * strides;
    all.push_back(options.assigner == Assigner::atss
                      ? assign_atss(cells, objects[i], scores.size(-1), boxes, options.atss)
                      : assign_task_aligned(cells, objects[i], scores[at].detach(), boxes, options.task_aligned));
  }
  const Targets targets(cells, objects, all, scores);
  const double divisor = targets.sum > 0 ? targets.sum : 1;
  DetectionLoss loss;
  loss.classes =
      options.class_weight / divisor * varifocal_loss(scores, targets.scores.to(scores), targets.assigned.to(scores));
  const Tensor weight = targets.of_positives(targets.scores.sum(-1));
  loss.boxes = loss.distribution = torch::zeros({}, weight.options());
  if (weight.numel() == 0) return loss;
  for (const Tensor& boxes : forms)
    loss.boxes = loss.boxes + options.box_weight / divisor *
                                  (iou_loss(options.boxes, targets.of_positives(boxes), targets.boxes) * weight).sum();
  if (bins > 0) {
    const Tensor distances = to_distances(points.to(torch::kFloat64).index_select(0, targets.cell), targets.boxes);
    const Tensor each = distribution_loss(targets.of_positives(output.logits), distances, bins);
    loss.distribution = options.distribution_weight / divisor * (each * weight).sum();
  }
  return loss;
}

}  // namespace frugal
