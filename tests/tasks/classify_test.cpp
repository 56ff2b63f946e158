#include "frugal/classify.h"

#include <cmath>
#include <limits>

#include "graph/builder.h"
#include "support/support.h"

namespace frugal {
namespace {

TEST(TopPredictions, SortedWithProbabilitiesAndTiesInOrder) {
  const std::vector<float> logits{0, 2, 1, 2};
  auto best = top_predictions(logits, 3, {"a", "b", "c"});
  ASSERT_EQ(best.size(), 3u);
  EXPECT_EQ(best[0].label, "b");
  EXPECT_EQ(best[1].label, "3");  // no label for class 3
  EXPECT_EQ(best[2].label, "c");
  double sum = 1 + 2 * std::exp(2.0) + std::exp(1.0);
  EXPECT_NEAR(best[0].probability, std::exp(2.0) / sum, 1e-6);
  EXPECT_EQ(top_predictions(logits, 99, {}).size(), 4u);
}

TEST(TopPredictions, HugeLogitsDoNotOverflow) {
  auto best = top_predictions(std::vector<float>{1e30f, -1e30f}, 2, {});
  EXPECT_EQ(best[0].probability, 1);
  EXPECT_EQ(best[1].probability, 0);
}

TEST(ClassificationMeter, CountsByHand) {
  ClassificationMeter meter(6);
  meter.add(std::vector<float>{5, 4, 3, 2, 1, 0}, 0);
  meter.add(std::vector<float>{5, 4, 3, 2, 1, 0}, 4);  // fifth
  meter.add(std::vector<float>{5, 4, 3, 2, 1, 0}, 5);  // sixth: not even top 5
  EXPECT_EQ(meter.samples(), 3);
  EXPECT_DOUBLE_EQ(meter.top1(), 1.0 / 3);
  EXPECT_DOUBLE_EQ(meter.top5(), 2.0 / 3);
  double log_sum =
      std::log(std::exp(0.0) + std::exp(1.0) + std::exp(2.0) + std::exp(3.0) + std::exp(4.0) + std::exp(5.0));
  EXPECT_NEAR(meter.loss(), log_sum - (5 + 1 + 0) / 3.0, 1e-9);
  EXPECT_EQ(meter.confusion(4, 0), 1);
  EXPECT_EQ(meter.confusion(4, 4), 0);
  EXPECT_EQ(meter.class_accuracy(0), 1);
  EXPECT_EQ(meter.class_accuracy(3), 0);
}

// A network that answers with its two pixels.
Model two_pixels(float scale) {
  GraphBuilder b("two_pixels");
  ValueId x = b.flatten(b.image_input(1, 1, 2));
  b.output(b.linear("fc", x, 2, false), "logits");
  Model model;
  model.graph = b.finish();
  model.weights["fc.weight"] = Tensor::from<float>({2, 2}, {scale, 0, 0, scale});
  return model;
}

TEST(Classify, PreparesRunsAndNames) {
  Model model = two_pixels(10);
  set_task_info(model, {"classify", 1, 1, 2, {0.5f}, {0.5f}, 0, 0, "bilinear"});
  set_class_labels(model, {"left", "right"});
  Session session(std::move(model), {.threads = 1});
  Image image(2, 1, 1);
  image.pixels = {0, 255};
  auto best = classify(session, image);
  ASSERT_EQ(best.size(), 2u);
  EXPECT_EQ(best[0].label, "right");
  EXPECT_NEAR(best[0].probability, 1 / (1 + std::exp(-20.0)), 1e-6);
}

TEST(Classify, RefusesWhatIsNoClassifier) {
  Session silent(two_pixels(1), {.threads = 1});
  EXPECT_ERROR(classify(silent, Image(2, 1, 1)), "does not say");
  Model broken = two_pixels(std::numeric_limits<float>::infinity());
  set_task_info(broken, {"classify", 1, 1, 2, {0.0f}, {1.0f}, 0, 0, "bilinear"});
  Session session(std::move(broken), {.threads = 1});
  EXPECT_ERROR(classify(session, Image(2, 1, 1)), "finite");
}

}  // namespace
}  // namespace frugal
