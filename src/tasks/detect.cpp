#include "frugal/detect.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/check.h"
#include "base/text.h"
#include "kernels/nms.h"
#include "tasks/coco_names.h"
#include "tasks/letterbox.h"
#include "tasks/row_decoder.h"
#include "tasks/row_scan.h"

namespace frugal {
namespace {

// One layout of outputs: where the numbers of box `row` stand, and how they become a box and scores.
class Rows {
 public:
  Rows(const Tensor& output, const TaskInfo& info)
      : data_(output.data<float>()), info_(info), layout_(info.layout), first_class_(layout_.first_class()) {
    const std::string& layout = info.layout;
    grid_ = layout == "fastestdet";
    const bool turned = layout_.turned || grid_;
    require(output.rank() == (grid_ ? 4 : 3) && output.dim(0) == 1 && output.dtype() == DType::f32,
            "the layout '{}' is float32 [{}], but the network's first output is {} [{}]", layout,
            grid_ ? "1, 5 + classes, height, width" : "1, boxes, numbers", name(output.dtype()),
            to_string(output.shape()));
    columns_ = output.dim(turned ? 1 : 2);
    count_ = grid_ ? output.dim(2) * output.dim(3) : output.dim(turned ? 2 : 1);
    row_step_ = turned ? 1 : columns_;
    column_step_ = turned ? count_ : 1;
    if (grid_) width_ = output.dim(3), height_ = output.dim(2);
    require(columns_ > first_class_, "the layout '{}' has {} numbers before the classes, but the output is [{}]",
            layout, first_class_, to_string(output.shape()));
  }

  std::int64_t classes() const { return columns_ - first_class_; }

  // The rows of which some class may score more than `least`, or is not a number; few, of thousands.
  std::vector<std::int64_t> above(float least) const {
    std::vector<std::uint8_t> marks(static_cast<std::size_t>(count_), 0);
    if (grid_)
      for (std::int64_t row = 0; row < count_; ++row)
        marks[static_cast<std::size_t>(row)] = !(std::pow(at(row, 0), 0.6f) <= least);
    else
      mark_rows_above({data_ + RowLayout::kScores * column_step_, count_, row_step_,
                       layout_.scores_end(columns_) - RowLayout::kScores, column_step_},
                      least, marks.data());
    std::vector<std::int64_t> rows;
    for (std::int64_t row = 0; row < count_; ++row)
      if (marks[static_cast<std::size_t>(row)]) rows.push_back(row);
    return rows;
  }
  float score(std::int64_t row, std::int64_t index) const {
    const float p = at(row, first_class_ + index);
    if (!layout_.objectness) return p;
    return grid_ ? std::pow(at(row, 0), 0.6f) * std::pow(p, 0.4f) : at(row, 4) * p;
  }
  // Centre and size in pixels of the input.
  std::array<float, 4> box(std::int64_t row) const {
    if (!grid_) return {at(row, 0), at(row, 1), at(row, 2), at(row, 3)};
    auto sigmoid = [](float x) { return 1 / (1 + std::exp(-x)); };
    const auto w = static_cast<float>(info_.width), h = static_cast<float>(info_.height);
    return {(static_cast<float>(row % width_) + std::tanh(at(row, 1))) / static_cast<float>(width_) * w,
            (static_cast<float>(row / width_) + std::tanh(at(row, 2))) / static_cast<float>(height_) * h,
            sigmoid(at(row, 3)) * w, sigmoid(at(row, 4)) * h};
  }

 private:
  float at(std::int64_t row, std::int64_t column) const { return data_[row * row_step_ + column * column_step_]; }

  const float* data_;
  const TaskInfo& info_;
  RowLayout layout_;
  bool grid_ = false;
  std::int64_t first_class_, columns_ = 0, count_ = 0, row_step_ = 0, column_step_ = 0, width_ = 1, height_ = 1;
};

constexpr const char* kDamaged = "the network's output is not a number: its weights are damaged, or its input was";

struct Candidate {
  std::int64_t row;
  int index;
  float score;
};

bool wanted(const DetectOptions& options, int index) {
  return options.classes.empty() ||
         std::find(options.classes.begin(), options.classes.end(), index) != options.classes.end();
}

// Everything above the threshold, by class. A row's best class, or several.
std::vector<std::vector<Candidate>> candidates(const Rows& rows, const DetectOptions& options) {
  std::vector<std::vector<Candidate>> out(static_cast<std::size_t>(rows.classes()));
  for (std::int64_t row : rows.above(options.confidence)) {
    Candidate best{row, -1, options.confidence};
    for (int c = 0; c < rows.classes(); ++c) {
      const float score = rows.score(row, c);
      require(!std::isnan(score), "{}", kDamaged);
      if (score <= options.confidence) continue;
      if (options.several_classes && wanted(options, c)) out[static_cast<std::size_t>(c)].push_back({row, c, score});
      if (score > best.score) best = {row, c, score};
    }
    if (!options.several_classes && best.index >= 0 && wanted(options, best.index))
      out[static_cast<std::size_t>(best.index)].push_back(best);
  }
  return out;
}

// The official programs take no more than so many into the suppression.
constexpr std::size_t kMostCandidates = 30'000;

std::vector<Candidate> suppress(const Rows& rows, std::vector<std::vector<Candidate>> found,
                                const DetectOptions& options) {
  std::vector<float> boxes, scores;
  std::vector<std::int64_t> order, kept(static_cast<std::size_t>(options.most));
  std::vector<Candidate> out;
  const NmsLimits limits{options.most, options.iou, options.confidence, true};
  for (std::vector<Candidate>& of_class : found) {
    auto better = [](const Candidate& a, const Candidate& b) { return a.score > b.score; };
    if (of_class.size() > kMostCandidates) {
      std::stable_sort(of_class.begin(), of_class.end(), better);
      of_class.resize(kMostCandidates);
    }
    boxes.clear(), scores.clear();
    for (const Candidate& c : of_class) {
      const std::array<float, 4> box = rows.box(c.row);
      require(!std::isnan(box[0] + box[1] + box[2] + box[3]), "{}", kDamaged);
      boxes.insert(boxes.end(), box.begin(), box.end());
      scores.push_back(c.score);
    }
    order.resize(of_class.size());
    const std::int64_t n = suppress_overlapping(boxes.data(), scores.data(), static_cast<std::int64_t>(of_class.size()),
                                                limits, order.data(), kept.data());
    for (std::int64_t i = 0; i < n; ++i)
      out.push_back(of_class[static_cast<std::size_t>(kept[static_cast<std::size_t>(i)])]);
  }
  std::stable_sort(out.begin(), out.end(), [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
  if (out.size() > static_cast<std::size_t>(options.most)) out.resize(static_cast<std::size_t>(options.most));
  return out;
}

const SymShape& output_shape(const Graph& graph) {
  require(!graph.outputs().empty(), "the network '{}' has no output", graph.name());
  return graph.value(graph.outputs()[0]).type.shape;
}

// What the shape of the first output gives away; empty where it is not clear.
std::string guessed_layout(const Graph& graph) {
  const SymShape& shape = output_shape(graph);
  if (graph.output_name(0) == "rows") return "rows";
  if (shape.size() != 3 || !shape[1].fixed() || !shape[2].fixed()) return "";
  if (shape[1].value() < shape[2].value()) return "yolov8";
  if (shape[2] == Dim(85)) return "yolov5";  // 80 classes and an objectness
  return shape[2] == Dim(84) ? "rows" : "";
}

const SymShape* picture_input(const Graph& graph) {
  const SymShape* in = graph.inputs().size() == 1 ? &graph.value(graph.inputs()[0]).type.shape : nullptr;
  return in && in->size() == 4 && (*in)[1] == Dim(3) ? in : nullptr;
}

}  // namespace

const std::vector<std::string>& detection_layouts() {
  static const std::vector<std::string> names{"rows", "yolov5", "yolov6", "gold_yolo", "yolov8", "fastestdet"};
  return names;
}

TaskInfo usual_detection_info(const Graph& graph, const std::string& layout) {
  const SymShape* in = picture_input(graph);
  require(in != nullptr, "a detector takes one colour picture [1, 3, height, width]");
  TaskInfo info{.kind = "detect", .fit = "letterbox", .fill = 114};
  info.height = (*in)[2].fixed() ? (*in)[2].value() : 640;
  info.width = (*in)[3].fixed() ? (*in)[3].value() : 640;
  info.layout = layout.empty() ? guessed_layout(graph) : layout;
  require(!info.layout.empty(), "{}: what its output [{}] means is not clear; say it with --layout ({})", graph.name(),
          to_string(output_shape(graph)), join(detection_layouts(), ", "));
  if (info.layout == "fastestdet") {
    info.fit = "stretch";
    info.bgr = true;
  }
  // 634 of 640 pixels in S, 636 in the others; the same share of other sizes.
  if (graph.name().starts_with("gold_yolo_")) {
    const std::int64_t margin = graph.name() == "gold_yolo_s" ? 6 : 4, side = std::max(info.height, info.width);
    info.load = side - side * margin / 640;
  }
  return info;
}

TaskInfo detection_info(const Model& model, const std::string& layout) {
  const std::optional<TaskInfo> own = task_info(model);
  require(!own || own->kind == "detect", "{} is made for '{}', not for detecting", model.graph.name(),
          own ? own->kind : "");
  return own && layout.empty() ? *own : usual_detection_info(model.graph, layout);
}

bool is_detector(const Model& model) {
  if (const std::optional<TaskInfo> own = task_info(model)) return own->kind == "detect";
  return picture_input(model.graph) && !model.graph.outputs().empty() && !guessed_layout(model.graph).empty();
}

std::int64_t detection_classes(const Graph& graph, const TaskInfo& info) {
  const SymShape& shape = output_shape(graph);
  const bool turned = info.layout == "yolov8" || info.layout == "fastestdet";
  const std::size_t at = turned ? 1 : 2;
  const std::int64_t before = info.layout == "rows" || info.layout == "yolov8" ? 4 : 5;
  return shape.size() > at && shape[at].fixed() ? std::max<std::int64_t>(0, shape[at].value() - before) : 0;
}

std::vector<std::string> detection_labels(const Model& model, std::int64_t classes) {
  std::vector<std::string> labels = class_labels(model);
  if (labels.empty() && classes == static_cast<std::int64_t>(kCocoNames.size()))
    for (const CocoName& c : kCocoNames) labels.emplace_back(c.name);
  return labels;
}

std::int64_t coco_category(const std::vector<std::string>& labels, int index) {
  if (labels.size() != kCocoNames.size()) return index;
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i] != kCocoNames[i].name) return index;
  return kCocoNames.at(static_cast<std::size_t>(index)).id;
}

std::vector<Detection> decode_detections(const Tensor& output, const TaskInfo& info, const PicturePlacement& placement,
                                         int width, int height, const std::vector<std::string>& labels,
                                         const DetectOptions& options) {
  const Rows rows(output, info);
  std::vector<Detection> out;
  for (const Candidate& c : suppress(rows, candidates(rows, options), options)) {
    const auto at = static_cast<std::size_t>(c.index);
    out.push_back({c.index, at < labels.size() ? labels[at] : std::to_string(c.index), c.score,
                   box_on_picture(rows.box(c.row), placement, width, height)});
  }
  return out;
}

struct Detector::Impl {
  Session& session;
  TaskInfo info;
  std::vector<std::string> labels;
  DetectOptions options;
  DetectionInput input{info, session.pool()};
  std::unique_ptr<RowDecoder> decoder{};  // none: the session decodes all rows
  std::vector<Tensor> inputs{}, outputs{};
  Milliseconds spent{};

  // The network's first output, of those rows at least that score enough.
  const Tensor& rows() {
    if (decoder)
      outputs.assign(1, decoder->run(inputs, options.confidence));
    else
      session.run(inputs, outputs);
    return outputs.at(0);
  }
};

Detector::Detector(Session& session, TaskInfo info, std::vector<std::string> labels, DetectOptions options)
    : impl_(new Impl{session, std::move(info), std::move(labels), std::move(options)}) {
  if (!impl_->options.decode_all) impl_->decoder = RowDecoder::make(session, impl_->info);
}

Detector::Detector(Session& session, DetectOptions options)
    : Detector(session, detection_info(session.model()), {}, std::move(options)) {
  impl_->labels = detection_labels(session.model(), detection_classes(session.model().graph, impl_->info));
}

Detector::~Detector() = default;
Detector::Detector(Detector&&) noexcept = default;

const Detector::Milliseconds& Detector::spent() const { return impl_->spent; }

std::vector<Detection> Detector::operator()(const Image& image) {
  using Clock = std::chrono::steady_clock;
  Impl& m = *impl_;
  Clock::time_point before = Clock::now();
  auto lap = [&](double& sum) {
    const Clock::time_point now = Clock::now();
    sum += std::chrono::duration<double, std::milli>(now - before).count();
    before = now;
  };
  const PicturePlacement placement = place_picture(image.width, image.height, m.info);
  m.inputs.assign(1, m.input.prepare(image, placement));
  lap(m.spent.prepare);
  const Tensor& rows = m.rows();
  lap(m.spent.network);
  std::vector<Detection> found =
      decode_detections(rows, m.info, placement, image.width, image.height, m.labels, m.options);
  lap(m.spent.boxes);
  return found;
}

std::vector<Detection> detect(Session& session, const Image& image, const DetectOptions& options) {
  DetectOptions all = options;
  all.decode_all = true;
  return Detector(session, all)(image);
}

}  // namespace frugal
