#include "cli/eval_detect.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_set>

#include "base/check.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/progress.h"
#include "cli/output.h"
#include "formats/detection/folders.h"
#include "frugal/detect.h"
#include "frugal/detection_metrics.h"

namespace frugal {
namespace {

std::string share(double value) { return value < 0 ? "-" : fmt::format("{:.4f}", value); }

std::string category_name(const CocoCategory& c) { return c.name.empty() ? std::to_string(c.id) : c.name; }

void print_metrics(const DetectionMetrics& m, const CocoTruth& truth, std::size_t detections) {
  Table sizes({"", ">all", ">small", ">medium", ">large"});
  sizes.row({"AP", share(m.ap), share(m.ap_small), share(m.ap_medium), share(m.ap_large)});
  sizes.row({"AR100", share(m.ar100), share(m.ar_small), share(m.ar_medium), share(m.ar_large)});
  sizes.print();
  print("\nAP50  {}   AP75  {}   AR1  {}   AR10  {}\n", share(m.ap50), share(m.ap75), share(m.ar1), share(m.ar10));
  print("{} detections against {} objects on {} pictures\n\n", grouped(static_cast<std::int64_t>(detections)),
        grouped(static_cast<std::int64_t>(truth.objects.size())),
        grouped(static_cast<std::int64_t>(truth.images.size())));
  Table table({"category", ">objects", ">detections", ">AP", ">AP50", ">AR100"});
  std::vector<DetectionMetrics::Category> categories = m.categories;
  std::stable_sort(categories.begin(), categories.end(), [](const auto& a, const auto& b) { return a.ap > b.ap; });
  for (const DetectionMetrics::Category& c : categories)
    if (c.objects > 0 || c.detections > 0)
      table.row({category_name(c.category), grouped(c.objects), grouped(c.detections), share(c.ap), share(c.ap50),
                 share(c.ar100)});
  table.print();
}

// What is left out of the measure, a sentence each.
struct LeftOut {
  Faults sentences{};

  void tell(const std::string& sentence) {
    log_error("{}", sentence);
    sentences.push_back(sentence);
  }
  int exit_code() const { return sentences.empty() ? 0 : 1; }
};

Json metrics_json(const DetectionMetrics& m, const CocoTruth& truth, std::size_t detections, double seconds,
                  const LeftOut& left_out) {
  Json metrics, categories = Json::array();
  for (const auto& [name, value] : m.named()) metrics[name] = value;
  for (const DetectionMetrics::Category& c : m.categories)
    categories.push_back({{"category", c.category.id},
                          {"label", c.category.name},
                          {"objects", c.objects},
                          {"detections", c.detections},
                          {"AP", c.ap},
                          {"AP50", c.ap50},
                          {"AR100", c.ar100}});
  return {{"metrics", metrics},          {"samples", truth.images.size()},  {"seconds", seconds},
          {"detections", detections},    {"objects", truth.objects.size()}, {"categories", categories},
          {"errors", left_out.sentences}};
}

double since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The exit status.
int report(const CocoTruth& truth, const std::vector<CocoResult>& results, const LeftOut& left_out,
           std::chrono::steady_clock::time_point start, const Common& common) {
  const DetectionMetrics metrics = measure_detections(truth, results);
  if (common.json)
    print_json(metrics_json(metrics, truth, results.size(), since(start), left_out));
  else
    print_metrics(metrics, truth, results.size());
  return left_out.exit_code();
}

// The category of every class of the network.
std::vector<std::int64_t> categories_of(const CocoTruth& truth, const std::vector<std::string>& labels,
                                        std::int64_t classes) {
  std::vector<std::int64_t> out;
  for (std::int64_t i = 0; i < classes; ++i) {
    const auto at = static_cast<std::size_t>(i);
    auto named = std::find_if(truth.categories.begin(), truth.categories.end(),
                              [&](const CocoCategory& c) { return at < labels.size() && c.name == labels[at]; });
    if (named != truth.categories.end())
      out.push_back(named->id);
    else if (labels.empty() && at < truth.categories.size())
      out.push_back(truth.categories[at].id);
    else
      out.push_back(-1);  // nothing of this class is labelled
  }
  require(std::any_of(out.begin(), out.end(), [](std::int64_t id) { return id >= 0; }),
          "no class of the network has the name of a labelled category");
  return out;
}

DetectionFolder labels_of(const DetectionFiles& files, LeftOut& left_out) {
  Faults faults;
  DetectionFolder out;
  if (files.data.empty())
    out.truth = read_coco_truth(files.truth, &faults);
  else
    out = read_detection_folder(files.data, files.split, &faults);
  for (const std::string& sentence : faults) left_out.tell(sentence);
  return out;
}

DetectionFolder labelled_pictures(const DetectionFiles& files, LeftOut& left_out) {
  DetectionFolder out = labels_of(files, left_out);
  if (!out.files.empty()) return out;
  for (const CocoImage& image : out.truth.images) {
    require(!image.file_name.empty(), "{}: image {} has no \"file_name\"", files.truth, image.id);
    out.files.push_back((std::filesystem::path(files.images) / image.file_name).string());
  }
  return out;
}

// Only these pictures and what lies on them.
void keep_pictures(CocoTruth& truth, const std::unordered_set<std::int64_t>& ids) {
  std::erase_if(truth.images, [&](const CocoImage& i) { return !ids.contains(i.id); });
  std::erase_if(truth.objects, [&](const CocoObject& o) { return !ids.contains(o.image); });
}

}  // namespace

int eval_detector(const ModelSource& source, const DetectionFiles& files, int limit, const Common& common) {
  LeftOut left_out;
  DetectionFolder data = labelled_pictures(files, left_out);
  CocoTruth& truth = data.truth;
  const std::size_t count =
      limit > 0 ? std::min(truth.images.size(), static_cast<std::size_t>(limit)) : truth.images.size();
  OpenedModel opened = open_model(source, common);
  if (opened.random) log_warning("{} is built in: its weights are random, so this measures chance", opened.name);
  const TaskInfo info = detection_info(opened.model, files.layout);
  const std::int64_t classes = detection_classes(opened.model.graph, info);
  const std::vector<std::string> labels = detection_labels(opened.model, classes);
  const std::vector<std::int64_t> categories = categories_of(truth, labels, classes);
  Session session(std::move(opened.model), {.threads = common.threads, .precision = common.precision});
  Detector detector(session, info, labels, {0.03f, 0.65f, 300, true, {}});
  const auto start = std::chrono::steady_clock::now();
  std::vector<CocoResult> results;
  std::unordered_set<std::int64_t> measured;
  Progress progress("eval", static_cast<std::int64_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    check_interrupt();
    progress.advance();
    const std::int64_t image = truth.images[i].id;
    std::optional<Image> picture;
    try {
      picture = read_image(data.files[i]);
    } catch (const Error& e) {
      left_out.tell(e.what());
      continue;
    }
    measured.insert(image);
    for (const Detection& d : detector(*picture))
      if (const std::int64_t id = categories[static_cast<std::size_t>(d.index)]; id >= 0)
        results.push_back({image, id, d.box, d.score});
  }
  Progress::clear_line();
  require(!measured.empty(), "none of the {} pictures can be read, so there is nothing to measure", count);
  keep_pictures(truth, measured);
  return report(truth, results, left_out, start, common);
}

int eval_detection_files(const DetectionFiles& files, const Common& common) {
  const auto start = std::chrono::steady_clock::now();
  LeftOut left_out;
  const CocoTruth truth = labels_of(files, left_out).truth;
  const std::vector<CocoResult> results = read_coco_results(files.results, truth);
  return report(truth, results, left_out, start, common);
}

}  // namespace frugal
