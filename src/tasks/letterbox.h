// From a picture of any shape to the input of a detector, and back from its boxes.
#pragma once

#include <memory>
#include <span>

#include "frugal/detect.h"
#include "frugal/image.h"
#include "frugal/task_info.h"
#include "frugal/tensor.h"

namespace frugal {

class ThreadPool;

// Where the scaled picture lies within the input.
struct PicturePlacement {
  int width = 0, height = 0;      // of the scaled picture
  int left = 0, top = 0;          // grey before it
  double gain_x = 1, gain_y = 1;  // scaled size / size of the picture, each axis for itself
};

// As the evaluation of YOLOv6 and Gold-YOLO does: the longer side becomes `load`, both sides cut off to whole pixels;
// then, where that does not fit, scaled down; half of the rest on either side.
PicturePlacement place_picture(int width, int height, const TaskInfo& info);

// As OpenCV's INTER_AREA where it shrinks (the mean of the pixels covered), INTER_LINEAR where it grows.
Image scale_picture(const Image& image, int width, int height);

// float32 [1, 3, height, width]: value / 255, less mean, by std.
Tensor prepare_detection(const Image& image, const TaskInfo& info, const PicturePlacement& placement);

// The same of several, [N, 3, height, width].
Tensor prepare_detections(std::span<const Image> images, const TaskInfo& info);

// The same for one picture after the other: what pictures of one size have in common is worked out once, and nothing is
// allocated for the second one.
class DetectionInput {
 public:
  // Rows of a picture are shared among the threads of a pool where there is one; the numbers are the same.
  explicit DetectionInput(const TaskInfo& info, std::shared_ptr<ThreadPool> pool = nullptr);
  ~DetectionInput();
  const Tensor& prepare(const Image& image, const PicturePlacement& placement);  // valid until the next call

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A box of the input (centre x, y, width, height) on the picture, cut at its border.
Box box_on_picture(const std::array<float, 4>& box, const PicturePlacement& placement, int width, int height);

// What a detector's output says about a picture of width x height (frugal/detect.h).
std::vector<Detection> decode_detections(const Tensor& output, const TaskInfo& info, const PicturePlacement& placement,
                                         int width, int height, const std::vector<std::string>& labels,
                                         const DetectOptions& options);

}  // namespace frugal
