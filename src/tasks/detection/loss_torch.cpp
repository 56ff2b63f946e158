#include "tasks/detection/loss_torch.h"

#include <cmath>
#include <numbers>

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

// Of the last dimension: sum of t (log t - log s), each softened by the temperature. In double precision: of scores,
// which lie between 0 and 1, the softened distributions differ by less than float32 can tell.
Tensor divergence(const Tensor& student, const Tensor& teacher, double temperature) {
  const Tensor s = (student.to(torch::kFloat64) / temperature).log_softmax(-1),
               t = (teacher.to(torch::kFloat64) / temperature).log_softmax(-1);
  return (t.exp() * (t - s)).sum(-1) * (temperature * temperature);
}

void distill(const Targets& targets, const DetectionOutput& student, const DetectionOutput& teacher, std::int64_t bins,
             const DetectionLossOptions& options, const Distillation& how, DetectionLoss& loss) {
  const Tensor classes = divergence(student.scores, teacher.scores.detach(), how.temperature).sum();
  loss.classes = loss.classes + options.class_weight * how.class_weight * how.share * classes;
  if (bins > 0 && targets.cell.numel() > 0) {
    const auto rows = [&](const Tensor& logits) { return targets.of_positives(logits).view({-1, bins}); };
    const Tensor sides = divergence(rows(student.logits), rows(teacher.logits.detach()), how.temperature).mean();
    loss.distribution = loss.distribution + options.distribution_weight * how.distribution_weight * how.share * sides;
  }
  if (how.feature_weight == 0) return;
  require(student.features.size() == teacher.features.size(), "the teacher has {} feature maps, the student {}",
          teacher.features.size(), student.features.size());
  for (std::size_t i = 0; i < student.features.size(); ++i) {
    const Tensor places = divergence(student.features[i].flatten(2), teacher.features[i].detach().flatten(2), 1);
    loss.features = loss.features + how.feature_weight * how.share * places.mean();
  }
}

// The boxes that the output says, in strides, in each form that it has. Cells are assigned by the first.
std::vector<Tensor> box_forms(const DetectionOutput& output, const Tensor& points, std::int64_t bins) {
  std::vector<Tensor> forms;
  if (bins > 0) forms.push_back(to_boxes(points, expected_distances(output.logits, bins)));
  if (output.plain.defined()) forms.push_back(to_boxes(points, output.plain));
  if (output.boxes.defined()) forms.push_back(output.boxes);
  require(!forms.empty(), "a detector's output has neither distributions nor boxes");
  return forms;
}

void check_labels(const Objects& objects, std::int64_t picture, std::int64_t classes) {
  if (objects.labels.numel() == 0) return;
  const auto least = objects.labels.min().item<std::int64_t>(), most = objects.labels.max().item<std::int64_t>();
  require(least >= 0 && most < classes,
          "an object of picture {} is of class {}, but the network tells {} apart, from 0", picture,
          least < 0 ? least : most, classes);
}

std::vector<Assignment> assign(const Cells& cells, const Tensor& scores, const Tensor& boxes,
                               const std::vector<Objects>& objects, const DetectionLossOptions& options) {
  require(static_cast<std::int64_t>(objects.size()) == scores.size(0), "{} pictures have the objects of {}",
          scores.size(0), objects.size());
  std::vector<Assignment> all;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    check_labels(objects[i], at, scores.size(-1));
    all.push_back(options.assigner == Assigner::atss
                      ? assign_atss(cells, objects[i], scores.size(-1), boxes[at], options.atss)
                      : assign_task_aligned(cells, objects[i], scores[at], boxes[at], options.task_aligned));
  }
  return all;
}

}  // namespace

double distillation_share(double epoch, double epochs) {
  return (1 - std::cos(std::numbers::pi * epoch / epochs)) / 2 * (0.01 - 1) + 1;
}

DetectionLoss detection_loss(const Cells& cells, const DetectionOutput& output, const std::vector<Objects>& objects,
                             const DetectionLossOptions& options, const DetectionOutput* teacher,
                             const Distillation& distillation) {
  const Tensor& scores = output.scores;
  const std::int64_t bins = output.logits.defined() ? output.logits.size(-1) / 4 : 0;
  const Tensor strides = cells.strides.to(scores), points = cells.points.to(scores) / strides;
  const std::vector<Tensor> forms = box_forms(output, points, bins);
  const Targets targets(cells, objects, assign(cells, scores.detach(), forms[0].detach() * strides, objects, options),
                        scores);
  const double divisor = targets.sum > 0 ? targets.sum : 1;
  DetectionLoss loss;
  loss.classes =
      options.class_weight / divisor * varifocal_loss(scores, targets.scores.to(scores), targets.assigned.to(scores));
  const Tensor weight = targets.of_positives(targets.scores.sum(-1));
  loss.boxes = loss.distribution = loss.features = torch::zeros({}, weight.options());
  if (teacher) distill(targets, output, *teacher, bins, options, distillation, loss);
  if (weight.numel() == 0) return loss;
  for (const Tensor& boxes : forms)
    loss.boxes = loss.boxes + options.box_weight / divisor *
                                  (iou_loss(options.boxes, targets.of_positives(boxes), targets.boxes) * weight).sum();
  if (bins > 0) {
    const Tensor distances = to_distances(points.to(torch::kFloat64).index_select(0, targets.cell), targets.boxes);
    const Tensor each = distribution_loss(targets.of_positives(output.logits), distances, bins);
    loss.distribution = loss.distribution + options.distribution_weight / divisor * (each * weight).sum();
  }
  return loss;
}

}  // namespace frugal
