#include "cli/eval_detect.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "cli/output.h"
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

}  // namespace

int eval_detection_files(const DetectionFiles& files, const Common& common) {
  const auto start = std::chrono::steady_clock::now();
  const CocoTruth truth = read_coco_truth(files.truth);
  const std::vector<CocoResult> results = read_coco_results(files.results, truth);
  const DetectionMetrics metrics = measure_detections(truth, results);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (common.json)
    print_json(metrics_json(metrics, truth, results.size(), seconds));
  else
    print_metrics(metrics, truth, results.size());
  return 0;
}

}  // namespace frugal
