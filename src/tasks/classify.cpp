#include "frugal/classify.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "frugal/prepare.h"

namespace frugal {
namespace {

// log(sum(exp(logits))), computed from the largest so that nothing overflows.
double log_sum_exp(std::span<const float> logits) {
  double largest = *std::max_element(logits.begin(), logits.end()), sum = 0;
  for (float logit : logits) sum += std::exp(logit - largest);
  return largest + std::log(sum);
}

}  // namespace

std::vector<Prediction> top_predictions(std::span<const float> logits, int top,
                                        const std::vector<std::string>& labels) {
  std::vector<int> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  auto count =
      static_cast<std::ptrdiff_t>(std::min<std::size_t>(logits.size(), static_cast<std::size_t>(std::max(top, 0))));
  std::partial_sort(order.begin(), order.begin() + count, order.end(), [&](int a, int b) {
    float x = logits[static_cast<std::size_t>(a)], y = logits[static_cast<std::size_t>(b)];
    return x != y ? x > y : a < b;
  });
  double normalizer = log_sum_exp(logits);
  std::vector<Prediction> predictions;
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    auto index = static_cast<std::size_t>(order[static_cast<std::size_t>(i)]);
    predictions.push_back({static_cast<int>(index), index < labels.size() ? labels[index] : std::to_string(index),
                           static_cast<float>(std::exp(logits[index] - normalizer))});
  }
  return predictions;
}

Tensor classify_logits(Session& session, const Tensor& batch) {
  Tensor logits = session.run({batch}).at(0);
  require(logits.dtype() == DType::f32 && logits.rank() == 2 && logits.dim(0) == batch.dim(0) && logits.dim(1) > 0,
          "a classifier's first output is float32 [pictures, classes]; this network's is {} [{}]", name(logits.dtype()),
          to_string(logits.shape()));
  const float* p = logits.data<float>();
  require(std::all_of(p, p + logits.numel(), [](float v) { return std::isfinite(v); }),
          "the network's output is not finite: its weights are damaged, or its input was");
  return logits;
}

std::vector<std::vector<Prediction>> classify(Session& session, std::span<const Image> images, int top,
                                              const TaskInfo& info, const std::vector<std::string>& labels) {
  if (images.empty()) return {};
  Tensor logits = classify_logits(session, prepare_images(images, info));
  auto classes = static_cast<std::size_t>(logits.dim(1));
  std::vector<std::vector<Prediction>> results;
  for (std::size_t i = 0; i < images.size(); ++i)
    results.push_back(top_predictions({logits.data<float>() + i * classes, classes}, top, labels));
  return results;
}

std::vector<std::vector<Prediction>> classify(Session& session, std::span<const Image> images, int top) {
  std::optional<TaskInfo> info = task_info(session.model());
  require(info && info->kind == "classify", "the model '{}' does not say that it classifies pictures",
          session.model().graph.name());
  return classify(session, images, top, *info, class_labels(session.model()));
}

std::vector<Prediction> classify(Session& session, const Image& image, int top) {
  return classify(session, std::span<const Image>(&image, 1), top).front();
}

ClassificationMeter::ClassificationMeter(int classes)
    : classes_(classes), confusion_(static_cast<std::size_t>(classes) * static_cast<std::size_t>(classes)) {}

void ClassificationMeter::add(std::span<const float> logits, int label) {
  FRUGAL_ASSERT(static_cast<int>(logits.size()) == classes_ && label >= 0 && label < classes_);
  std::vector<Prediction> best = top_predictions(logits, 5, {});
  ++samples_;
  correct_ += best[0].index == label;
  correct5_ += std::any_of(best.begin(), best.end(), [&](const Prediction& p) { return p.index == label; });
  loss_ += log_sum_exp(logits) - logits[static_cast<std::size_t>(label)];
  ++confusion_[static_cast<std::size_t>(label * classes_ + best[0].index)];
}

std::int64_t ClassificationMeter::confusion(int actual, int predicted) const {
  return confusion_[static_cast<std::size_t>(actual * classes_ + predicted)];
}

std::int64_t ClassificationMeter::class_samples(int actual) const {
  std::int64_t sum = 0;
  for (int predicted = 0; predicted < classes_; ++predicted) sum += confusion(actual, predicted);
  return sum;
}

double ClassificationMeter::class_accuracy(int actual) const {
  std::int64_t samples = class_samples(actual);
  return samples ? static_cast<double>(confusion(actual, actual)) / static_cast<double>(samples) : 0;
}

}  // namespace frugal
