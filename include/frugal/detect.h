// Finding objects on pictures.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "frugal/coco.h"
#include "frugal/image.h"
#include "frugal/session.h"
#include "frugal/task_info.h"

namespace frugal {

struct Detection {
  int index = 0;      // of the class
  std::string label;  // from the model's labels, else the number
  float score = 0;
  Box box{};  // left, top, width, height in pixels of the picture, inside it
};

// The defaults are for looking at; the published figures of Gold-YOLO are of {0.03f, 0.65f, 300, true}.
struct DetectOptions {
  float confidence = 0.4f;       // what scores no more is dropped
  float iou = 0.45f;             // a box goes that overlaps a better one of its class by more
  int most = 300;                // detections of a picture
  bool several_classes = false;  // a box may count for every class above `confidence`, else for its best one
  std::vector<int> classes{};    // only these; empty: all
  bool decode_all = false;       // decode rows too that score no more than `confidence`: nothing else comes out
};

// What the numbers of a detector's first output mean. cx, cy, w, h are pixels of the network's input.
//   rows        [1, boxes, 4 + classes]: cx, cy, w, h, score of each class      (networks of this library)
//   yolov5      [1, boxes, 5 + classes]: the same with an objectness in column 4, score = objectness * class
//   yolov6, gold_yolo: as yolov5, what the official programs of YOLOv6 and Gold-YOLO export
//   yolov8      [1, 4 + classes, boxes]: rows, turned
//   fastestdet  [1, 5 + classes, h, w]: objectness, tx, ty, tw, th, classes of a grid of cells; the score is
//               objectness^0.6 class^0.4, the centre (column + tanh tx) / w, (row + tanh ty) / h, the size sigmoid tw,
//               sigmoid th of the whole picture
const std::vector<std::string>& detection_layouts();

// What the graph of a detector tells about itself where its file does not: size, layout by the shape and name of the
// first output, letterbox on grey 114, the load size of Gold-YOLO's evaluation. Error where the layout is not clear.
TaskInfo usual_detection_info(const Graph& graph, const std::string& layout = "");
// What the model file says, unless another layout is given, else the above. Error for models of other tasks.
TaskInfo detection_info(const Model& model, const std::string& layout = "");
// Does the file, or where it says nothing the graph, tell that this is a detector?
bool is_detector(const Model& model);

// The names of COCO's 80 classes for a model of 80 classes that has no labels of its own, else numbers.
std::vector<std::string> detection_labels(const Model& model, std::int64_t classes);
std::int64_t detection_classes(const Graph& graph, const TaskInfo& info);

// Finds objects on one picture after the other. Pictures of one size cost no memory after the first but their results:
// input and output of the network are kept, and the engine's memory is planned once. The session must outlive it. Where
// the network's output can be split by rows, only those that may score more than `confidence` are decoded (or all,
// where these are many), by sessions of the detector's own with the model and options of this one, which then never
// runs and holds no weights; there the first picture with about four times as many rows as any before is compiled for
// too.
class Detector {
 public:
  // What the model file says about picture and output, else what is usual for its graph.
  explicit Detector(Session& session, DetectOptions options = {});
  Detector(Session& session, TaskInfo info, std::vector<std::string> labels, DetectOptions options = {});
  ~Detector();
  Detector(Detector&&) noexcept;

  // Best first. Error where the output does not have the layout, or a score is not a number.
  std::vector<Detection> operator()(const Image& image);

  struct Milliseconds {
    double prepare = 0, network = 0, boxes = 0;  // scaling; running; scores and suppression
  };
  const Milliseconds& spent() const;  // on all pictures so far

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The same for a single picture, in the session itself: what it has compiled serves the next one too.
std::vector<Detection> detect(Session& session, const Image& image, const DetectOptions& options = {});

// The number that COCO gives to a class: of the 80 names 1 to 90 with gaps; of other labels the index.
std::int64_t coco_category(const std::vector<std::string>& labels, int index);

}  // namespace frugal
