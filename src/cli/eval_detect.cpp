#include "cli/eval_detect.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

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

Json metrics_json(const DetectionMetrics& m, const CocoTruth& truth, std::size_t detections, double seconds) {
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
  return {{"metrics", metrics},       {"samples", truth.images.size()},  {"seconds", seconds},
          {"detections", detections}, {"objects", truth.objects.size()}, {"categories", categories}};
}

double since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void report(const CocoTruth& truth, const std::vector<CocoResult>& results, std::chrono::steady_clock::time_point start,
            const Common& common) {
  const DetectionMetrics metrics = measure_detections(truth, results);
  if (common.json)
    print_json(metrics_json(metrics, truth, results.size(), since(start)));
  else
    print_metrics(metrics, truth, results.size());
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

DetectionFolder labelled_pictures(const DetectionFiles& files) {
  if (!files.data.empty()) return read_detection_folder(files.data, files.split);
  DetectionFolder out{read_coco_truth(files.truth), {}};
  for (const CocoImage& image : out.truth.images) {
    require(!image.file_name.empty(), "{}: image {} has no \"file_name\"", files.truth, image.id);
    out.files.push_back((std::filesystem::path(files.images) / image.file_name).string());
  }
  return out;
}

// Only these pictures and what lies on them.
void limit_truth(CocoTruth& truth, std::size_t limit) {
  if (limit == 0 || truth.images.size() <= limit) return;
  truth.images.resize(limit);
  std::erase_if(truth.objects, [&](const CocoObject& o) {
    return std::none_of(truth.images.begin(), truth.images.end(), [&](const CocoImage& i) { return i.id == o.image; });
  });
}

}  // namespace

int eval_detector(const ModelSource& source, const DetectionFiles& files, int limit, const Common& common) {
  DetectionFolder data = labelled_pictures(files);
  CocoTruth& truth = data.truth;
  limit_truth(truth, static_cast<std::size_t>(limit));
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
  Progress progress("eval", static_cast<std::int64_t>(truth.images.size()));
  for (std::size_t i = 0; i < truth.images.size(); ++i) {
    check_interrupt();
    const CocoImage& entry = truth.images[i];
    const Image image = read_image(data.files[i]);
    for (const Detection& d : detector(image))
      if (const std::int64_t id = categories[static_cast<std::size_t>(d.index)]; id >= 0)
        results.push_back({entry.id, id, d.box, d.score});
    progress.advance();
  }
  Progress::clear_line();
  report(truth, results, start, common);
  return 0;
}

int eval_detection_files(const DetectionFiles& files, const Common& common) {
  const auto start = std::chrono::steady_clock::now();
  const CocoTruth truth =
      files.data.empty() ? read_coco_truth(files.truth) : read_detection_folder(files.data, files.split).truth;
  const std::vector<CocoResult> results = read_coco_results(files.results, truth);
  report(truth, results, start, common);
  return 0;
}

}  // namespace frugal
