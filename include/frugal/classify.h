// Classifying pictures: predictions, and how good they are.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "frugal/image.h"
#include "frugal/session.h"
#include "frugal/task_info.h"

namespace frugal {

struct Prediction {
  int index = 0;
  std::string label;      // from the model's labels, else the number
  float probability = 0;  // softmax over all classes
};

// The `top` most probable classes of each picture, best first. The model's own task says how pictures are prepared;
// Error where it has none, where its first output is not float32 [N, classes], or where a value is not finite.
std::vector<std::vector<Prediction>> classify(Session& session, std::span<const Image> images, int top = 5);
std::vector<std::vector<Prediction>> classify(Session& session, std::span<const Image> images, int top,
                                              const TaskInfo& info, const std::vector<std::string>& labels);
std::vector<Prediction> classify(Session& session, const Image& image, int top = 5);

// Best first; equal logits in the order of their classes.
std::vector<Prediction> top_predictions(std::span<const float> logits, int top, const std::vector<std::string>& labels);

// Classes of the session's output for prepared pictures [N, C, H, W]: logits float32 [N, classes].
Tensor classify_logits(Session& session, const Tensor& batch);

// Counts over a labelled set.
class ClassificationMeter {
 public:
  explicit ClassificationMeter(int classes);
  void add(std::span<const float> logits, int label);  // label in 0..classes-1

  std::int64_t samples() const { return samples_; }
  int classes() const { return classes_; }
  double top1() const { return share(correct_); }
  double top5() const { return share(correct5_); }  // the label is among the five most probable
  double loss() const { return samples_ ? loss_ / static_cast<double>(samples_) : 0; }  // mean cross-entropy, nats
  std::int64_t confusion(int actual, int predicted) const;
  std::int64_t class_samples(int actual) const;
  double class_accuracy(int actual) const;  // 0 where the class has no samples

 private:
  double share(std::int64_t n) const { return samples_ ? static_cast<double>(n) / static_cast<double>(samples_) : 0; }

  int classes_;
  std::int64_t samples_ = 0, correct_ = 0, correct5_ = 0;
  double loss_ = 0;
  std::vector<std::int64_t> confusion_;  // [actual][predicted]
};

}  // namespace frugal
