// Losses and assigners of the detector against numbers of the official code.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <tuple>

#include "base/check.h"
#include "support/support.h"
#include "tasks/detection/loss_torch.h"

namespace frugal {
namespace {

using torch::Tensor;

const auto kDouble = torch::dtype(torch::kFloat64);

double fraction(double x) { return x - std::floor(x); }

// A picture of 128x128 with 336 cells, 3 classes and two objects; every number by a formula.
struct Scene {
  Cells cells = detection_cells(128, 128, {8, 16, 32});
  Tensor scores = torch::zeros({336, 3}, kDouble), boxes = torch::zeros({336, 4}, kDouble),
         logits = torch::zeros({336, 68}, kDouble);
  Objects objects{torch::tensor({1, 0}, torch::kInt64),
                  torch::tensor({{13.0, 21.0, 77.0, 93.0}, {60.0, 50.0, 119.0, 101.0}}, kDouble)};

  Scene() {
    for (std::int64_t i = 0; i < 336; ++i) {
      for (std::int64_t c = 0; c < 3; ++c)
        scores[i][c] = 0.05 + 0.9 * fraction(static_cast<double>((i + 1) * (c + 1)) * 0.618034);
      for (std::int64_t j = 0; j < 68; ++j)
        logits[i][j] = std::sin(0.1 * static_cast<double>(i) + 0.37 * static_cast<double>(j));
      const double side = 1.5 + 0.5 * fraction(static_cast<double>(i) * 0.7548776662);
      const double stride = cells.strides[i][0].item<double>();
      for (std::int64_t k = 0; k < 2; ++k) {
        const double at = cells.points[i][k].item<double>();
        boxes[i][k] = at - side * stride;
        boxes[i][k + 2] = at + side * stride;
      }
    }
  }

  DetectionOutput output() const { return {scores.unsqueeze(0), logits.unsqueeze(0), {}, {}, {}}; }
};

std::map<std::int64_t, double> positives(const Assignment& assignment, std::int64_t object) {
  std::map<std::int64_t, double> out;
  for (std::int64_t i = 0; i < assignment.object.size(0); ++i)
    if (assignment.object[i].item<std::int64_t>() == object) out[i] = assignment.scores[i].sum().item<double>();
  return out;
}

TEST(DetectionAssigner, TaskAligned) {
  const Scene scene;
  const Assignment a = assign_task_aligned(scene.cells, scene.objects, scene.scores, scene.boxes);
  EXPECT_EQ((a.object >= 0).sum().item<std::int64_t>(), 26);
  EXPECT_NEAR(a.scores.sum().item<double>(), 2.027493, 1e-6);
  for (const auto& [cell, object, score] :
       {std::tuple{282, 0, 0.74063}, {293, 1, 0.75786}, {290, 0, 0.11636}, {274, 0, 0.10061}, {301, 1, 0.09637}}) {
    EXPECT_EQ(a.object[cell].item<std::int64_t>(), object) << cell;
    EXPECT_NEAR(a.scores[cell][1 - object].item<double>(), score, 1e-5) << cell;
  }
}

TEST(DetectionAssigner, Atss) {
  const Scene scene;
  const Assignment a = assign_atss(scene.cells, scene.objects, 3, scene.boxes);
  const std::map<std::int64_t, double> first{
      {274, 0.52037}, {282, 0.74063}, {283, 0.57275}, {290, 0.55674}, {291, 0.45942}},
      second{{154, 0.22482}, {155, 0.19220}, {156, 0.30085}};
  for (const auto& [object, expected] : {std::pair{0, first}, std::pair{1, second}}) {
    const auto got = positives(a, object);
    ASSERT_EQ(got.size(), expected.size());
    for (const auto& [cell, score] : expected) EXPECT_NEAR(got.at(cell), score, 1e-5) << cell;
  }
  EXPECT_NEAR(a.scores.sum().item<double>(), 3.567771, 1e-6);
}

// A level of fewer cells than an object may have; objects without area, outside of the picture, and 500 of them.
TEST(DetectionAssigner, OddPictures) {
  const Cells small = detection_cells(32, 32, {8, 16, 32});
  const Tensor scores = torch::full({21, 3}, 0.01, kDouble), boxes = torch::rand({21, 4}, kDouble) * 8;
  const Objects odd{
      torch::tensor({0, 1, 2}, torch::kInt64),
      torch::tensor({{4.0, 4.0, 4.0, 4.0}, {100.0, 100.0, 120.0, 130.0}, {2.0, 2.0, 30.0, 30.0}}, kDouble)};
  for (const Assignment& a : {assign_task_aligned(small, odd, scores, boxes), assign_atss(small, odd, 3, boxes)}) {
    EXPECT_TRUE(positives(a, 1).empty());
    EXPECT_FALSE(positives(a, 2).empty());
    EXPECT_TRUE(torch::isfinite(a.scores).all().item<bool>());
  }
  torch::manual_seed(1);
  const Tensor corner = torch::rand({500, 2}, kDouble) * 100, size = torch::rand({500, 2}, kDouble) * 28;
  const Objects many{torch::randint(0, 3, {500}, torch::kInt64), torch::cat({corner, corner + size}, 1)};
  const Scene scene;
  const Assignment a = assign_task_aligned(scene.cells, many, scene.scores, scene.boxes);
  EXPECT_GT((a.object >= 0).sum().item<std::int64_t>(), 100);
  EXPECT_TRUE(torch::isfinite(a.scores).all().item<bool>());
}

TEST(DetectionLosses, Boxes) {
  const auto value = [](IouLoss kind, std::vector<double> a, std::vector<double> b) {
    return iou_loss(kind, torch::tensor(a, kDouble), torch::tensor(b, kDouble)).item<double>();
  };
  EXPECT_NEAR(value(IouLoss::giou, {10, 10, 50, 60}, {20, 15, 60, 55}), 0.540000, 1e-6);
  EXPECT_NEAR(value(IouLoss::siou, {10, 10, 50, 60}, {20, 15, 60, 55}), 0.538982, 1e-6);
  EXPECT_NEAR(value(IouLoss::giou, {0, 0, 10, 10}, {20, 20, 30, 30}), 1.777778, 1e-6);
  EXPECT_NEAR(value(IouLoss::siou, {0, 0, 10, 10}, {20, 20, 30, 30}), 1.358820, 1e-6);
  EXPECT_NEAR(value(IouLoss::giou, {0, 0, 20, 10}, {5, 0, 15, 10}), 0.500000, 1e-6);
  EXPECT_NEAR(value(IouLoss::siou, {0, 0, 20, 10}, {5, 0, 15, 10}), 0.511984, 1e-6);
  for (IouLoss kind : {IouLoss::giou, IouLoss::siou}) EXPECT_NEAR(value(kind, {3, 4, 9, 11}, {3, 4, 9, 11}), 0, 1e-9);
}

TEST(DetectionLosses, Distributions) {
  const Tensor even = torch::zeros({1, 68}, kDouble);
  EXPECT_NEAR(expected_distances(even, 17)[0][2].item<double>(), 8, 1e-9);
  EXPECT_NEAR(distribution_loss(even, torch::full({1, 4}, 5.3, kDouble), 17).item<double>(), 2.833213, 1e-6);
  const Tensor rising = (torch::arange(17, kDouble) / 4).repeat({4}).view({1, 68});
  EXPECT_NEAR(expected_distances(rising, 17)[0][1].item<double>(), 12.725190, 1e-6);
  for (const auto& [target, loss] : {std::pair{0.0, 5.494325}, {3.25, 4.681825}, {15.99, 1.496825}, {40.0, 1.496825}})
    EXPECT_NEAR(distribution_loss(rising, torch::full({1, 4}, target, kDouble), 17).item<double>(), loss, 1e-6);
}

TEST(DetectionLosses, VarifocalWithTheGradientOfItsWeight) {
  Tensor p = torch::tensor({0.2, 0.7, 0.01}, kDouble).requires_grad_();
  const Tensor loss =
      varifocal_loss(p, torch::tensor({0.0, 0.6, 0.0}, kDouble), torch::tensor({0.0, 1.0, 0.0}, kDouble));
  EXPECT_NEAR(loss.item<double>(), 0.424052, 1e-6);
  loss.backward();
  EXPECT_TRUE(torch::allclose(p.grad(), torch::tensor({0.1044431, 0.2857142, 0.0002265125}, kDouble), 0, 1e-7));
}

TEST(DetectionLosses, Whole) {
  const Scene scene;
  const auto expect = [&](DetectionLossOptions options, double total, double boxes, double distribution,
                          double classes) {
    const DetectionLoss loss = detection_loss(scene.cells, scene.output(), {scene.objects}, options);
    EXPECT_NEAR(loss.total().item<double>(), total, 1e-5);
    EXPECT_NEAR(loss.boxes.item<double>(), boxes, 1e-6);
    EXPECT_NEAR(loss.distribution.item<double>(), distribution, 1e-6);
    EXPECT_NEAR(loss.classes.item<double>(), classes, 1e-5);
  };
  expect({}, 88.650236, 1.468945, 1.214849, 85.966442);
  DetectionLossOptions siou, atss;
  siou.boxes = IouLoss::siou, atss.assigner = Assigner::atss;
  expect(siou, 88.707024, 1.525733, 1.214849, 85.966442);
  expect(atss, 635.079555, 2.294005, 1.910759, 630.874790);
}

TEST(DetectionLosses, UntrainedNetworkAndPicturesWithoutObjects) {
  Scene scene;
  scene.scores.fill_(0.01);
  scene.logits.fill_(1);
  const DetectionLoss untrained = detection_loss(scene.cells, scene.output(), {scene.objects}, {});
  EXPECT_NEAR(untrained.distribution.item<double>(), 0.5 * std::log(17.0), 1e-6);
  const Objects none{torch::zeros({0}, torch::kInt64), torch::zeros({0, 4}, kDouble)};
  const DetectionLoss empty = detection_loss(scene.cells, scene.output(), {none}, {});
  EXPECT_NEAR(empty.total().item<double>(), 0.000760, 1e-6);
  EXPECT_EQ(empty.boxes.item<double>(), 0);
  // A picture without objects beside one with them adds to the classes only.
  const DetectionOutput both{scene.scores.repeat({2, 1, 1}), scene.logits.repeat({2, 1, 1}), {}, {}, {}};
  const DetectionLoss mixed = detection_loss(scene.cells, both, {scene.objects, none}, {});
  EXPECT_NEAR(mixed.boxes.item<double>(), untrained.boxes.item<double>(), 1e-9);
  EXPECT_GT(mixed.classes.item<double>(), untrained.classes.item<double>());
}

// The derivative along a random direction is the difference.
void expect_gradient(const std::function<Tensor(const Tensor&)>& f, const Tensor& start, const std::string& what) {
  torch::manual_seed(3);
  Tensor x = start.clone().requires_grad_();
  f(x).backward();
  torch::NoGradGuard no_grad;
  const Tensor direction = torch::randn_like(start);
  const double predicted = (x.grad() * direction).sum().item<double>(), h = 1e-7;
  const double difference = ((f(start + h * direction) - f(start - h * direction)) / (2 * h)).item<double>();
  EXPECT_GT(std::abs(predicted), 1e-4) << what;
  EXPECT_NEAR(predicted, difference, 1e-5 * std::abs(predicted) + 1e-5) << what;
}

Tensor waves(std::vector<std::int64_t> shape, double step) {
  std::int64_t count = 1;
  for (std::int64_t n : shape) count *= n;
  return (torch::arange(count, kDouble) * step).sin().view(shape);
}

// Each with targets that stay as they are.
TEST(DetectionLosses, GradientsOfEachPart) {
  const Tensor scores = 0.5 + 0.4 * waves({40, 3}, 0.7), assigned = (waves({40, 3}, 1.3) > 0.8).to(torch::kFloat64);
  const Tensor weights = (0.5 + 0.3 * waves({40, 3}, 2.1)) * assigned;
  expect_gradient([&](const Tensor& p) { return varifocal_loss(p, weights, assigned); }, scores, "varifocal");
  const Tensor distances = 6 + 5 * waves({10, 4}, 0.9), points = 4 * waves({10, 2}, 0.3);
  expect_gradient(
      [&](const Tensor& x) {
        return (distribution_loss(x, distances, 17) * weights[0][0]).sum() +
               distribution_loss(x, distances, 17).square().sum();
      },
      2 * waves({10, 68}, 0.37), "distribution");
  const Tensor target = to_boxes(points, distances);
  for (IouLoss kind : {IouLoss::giou, IouLoss::siou}) {
    expect_gradient(
        [&](const Tensor& x) { return iou_loss(kind, to_boxes(points, expected_distances(x, 17)), target).sum(); },
        2 * waves({10, 68}, 0.57), "boxes by distributions");
    expect_gradient([&](const Tensor& x) { return iou_loss(kind, x, target).sum(); }, target + waves({10, 4}, 1.7),
                    "boxes");
    const Cells cells = anchor_cells(detection_cells(32, 32, {8, 16, 32}), 3);
    const std::vector<std::vector<double>> anchors(3, {10, 13, 19, 19, 33, 23});
    const Tensor centre = cells.points.to(torch::kFloat64) / cells.strides.to(torch::kFloat64);
    const Tensor wanted = torch::cat({centre - 1.3, centre + 1.1}, 1);
    expect_gradient([&](const Tensor& x) { return iou_loss(kind, anchor_boxes(cells, anchors, x), wanted).sum(); },
                    waves({63, 4}, 1.1), "boxes by anchors");
  }
}

// What the teacher says of pictures without objects, where nothing is assigned.
TEST(DetectionLosses, GradientsOfWhatTheTeacherSays) {
  const Scene scene;
  const Objects none{torch::zeros({0}, torch::kInt64), torch::zeros({0, 4}, kDouble)};
  DetectionOutput teacher = scene.output();
  teacher.features = {waves({1, 4, 16, 16}, 0.11)};
  const Distillation how{.temperature = 2, .class_weight = 10, .feature_weight = 10, .share = 0.7};
  const auto loss = [&](const Tensor& scores, const Tensor& feature) {
    return detection_loss(scene.cells, {scores, scene.output().logits, {}, {}, {feature}}, {none}, {}, &teacher, how)
        .total();
  };
  const Tensor feature = waves({1, 4, 16, 16}, 0.23), scores = 0.5 + 0.3 * waves({1, 336, 3}, 0.19);
  expect_gradient([&](const Tensor& x) { return loss(x, feature); }, scores, "scores");
  expect_gradient([&](const Tensor& x) { return loss(scores, x); }, feature, "features");
}

// A disagreement d about one class of n counts as d^2 (n - 1) / (2 n^2), whatever the temperature: why the default
// weight of self-distillation follows the number of classes.
TEST(DetectionLosses, WhatTheTeacherSaysOfClassesShrinksWithTheirNumber) {
  const Scene scene;
  const Objects none{torch::zeros({0}, torch::kInt64), torch::zeros({0, 4}, kDouble)};
  for (std::int64_t n : {2, 3, 80})
    for (double temperature : {10.0, 20.0, 40.0}) {
      const DetectionOutput student{torch::full({1, 336, n}, 0.1, kDouble), scene.logits.unsqueeze(0), {}, {}, {}};
      DetectionOutput teacher = student;
      teacher.scores = student.scores.clone();
      teacher.scores[0][7][1] += 0.6;
      const auto classes = [&](const DetectionOutput* by) {
        const Distillation how{.temperature = temperature};
        return detection_loss(scene.cells, student, {none}, {}, by, how).classes.item<double>();
      };
      const double count = static_cast<double>(n), expected = 0.36 * (count - 1) / (2 * count * count);
      EXPECT_NEAR(classes(&teacher) - classes(nullptr), expected, 0.05 * expected) << n << " at " << temperature;
    }
}

// Of distances that nothing is assigned by.
TEST(DetectionLosses, GradientsOfPlainDistances) {
  for (IouLoss kind : {IouLoss::giou, IouLoss::siou}) {
    const Scene scene;
    DetectionLossOptions options;
    options.boxes = kind;
    expect_gradient(
        [&](const Tensor& x) {
          const DetectionOutput output{scene.scores.unsqueeze(0), scene.logits.unsqueeze(0), x, {}, {}};
          return detection_loss(scene.cells, output, {scene.objects}, options).total();
        },
        waves({1, 336, 4}, 0.7) + 2, "distances");
  }
}

// Objects without area, outside of the picture, 500 of them, and cells whose boxes lie where no object is: losses and
// gradients stay finite.
TEST(DetectionLosses, OfOddPicturesAreFinite) {
  torch::manual_seed(1);
  const Scene scene;
  const Tensor corner = torch::rand({500, 2}, kDouble) * 100, size = torch::rand({500, 2}, kDouble) * 28;
  const auto objects = [](std::vector<std::int64_t> labels, const Tensor& boxes) {
    return Objects{torch::tensor(labels, torch::kInt64), boxes};
  };
  for (const Objects& odd :
       {objects({0}, torch::tensor({{44.0, 44.0, 44.0, 44.0}}, kDouble)),
        objects({1}, torch::tensor({{200.0, 200.0, 240.0, 230.0}}, kDouble)),
        objects({2, 0}, torch::tensor({{-50.0, -50.0, 20.0, 30.0}, {100.0, 100.0, 300.0, 300.0}}, kDouble)),
        Objects{torch::randint(0, 3, {500}, torch::kInt64), torch::cat({corner, corner + size}, 1)}})
    for (IouLoss kind : {IouLoss::giou, IouLoss::siou})
      for (Assigner assigner : {Assigner::task_aligned, Assigner::atss}) {
        Tensor scores = scene.scores.unsqueeze(0).clone().requires_grad_(),
               logits = scene.logits.unsqueeze(0).clone().requires_grad_();
        DetectionLossOptions options;
        options.boxes = kind, options.assigner = assigner;
        const Tensor total = detection_loss(scene.cells, {scores, logits, {}, {}, {}}, {odd}, options).total();
        total.backward();
        EXPECT_TRUE(std::isfinite(total.item<double>()));
        EXPECT_TRUE(scores.grad().isfinite().all().item<bool>());
        if (logits.grad().defined()) {
          EXPECT_TRUE(logits.grad().isfinite().all().item<bool>());
        }
      }
  // Boxes that no cell's prediction touches are taken with a score of 0, and nothing is divided by that.
  const Tensor far = torch::zeros({1, 336, 4}, kDouble);  // every box is a point
  const DetectionLoss loss =
      detection_loss(scene.cells, {scene.scores.unsqueeze(0), {}, far, {}, {}}, {scene.objects}, {});
  EXPECT_EQ(loss.boxes.item<double>(), 0);
  EXPECT_TRUE(std::isfinite(loss.total().item<double>()));
}

TEST(DetectionLosses, NamesAndRefusals) {
  EXPECT_EQ(iou_loss_named("siou"), IouLoss::siou);
  EXPECT_EQ(assigner_named("atss"), Assigner::atss);
  EXPECT_THROW(iou_loss_named("ciou"), Error);
  EXPECT_THROW(assigner_named("simota"), Error);
  Scene scene;
  for (std::int64_t label : {3, -1}) {
    scene.objects.labels[1] = label;
    EXPECT_ERROR(detection_loss(scene.cells, scene.output(), {scene.objects}, {}),
                 fmt::format("class {}, but the network tells 3 apart", label));
  }
}

}  // namespace
}  // namespace frugal
