#include "frugal/detection_metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "base/check.h"

namespace frugal {
namespace {

constexpr int kThresholds = 10, kRecalls = 101, kSizes = 4, kMostDetections = 100;
constexpr std::array<int, 3> kCaps{1, 10, kMostDetections};
enum Size { all, small, medium, large };

double iou_threshold(int t) { return 0.5 + t * ((0.95 - 0.5) / 9); }
double recall_value(int r) { return r == kRecalls - 1 ? 1.0 : r * 0.01; }

bool of_size(double area, int size) {
  constexpr double kNone = 1e10, kSmall = 32.0 * 32, kLarge = 96.0 * 96;
  constexpr std::array<std::pair<double, double>, kSizes> ranges{
      {{0, kNone}, {0, kSmall}, {kSmall, kLarge}, {kLarge, kNone}}};
  const auto [low, high] = ranges[static_cast<std::size_t>(size)];
  return area >= low && area <= high;
}

double overlap(const Box& found, const CocoObject& object) {
  const Box& b = object.box;
  const double w = std::min(found[0] + found[2], b[0] + b[2]) - std::max(found[0], b[0]);
  const double h = std::min(found[1] + found[3], b[1] + b[3]) - std::max(found[1], b[1]);
  if (w <= 0 || h <= 0) return 0;
  const double shared = w * h, own = found[2] * found[3];
  return shared / (object.crowd ? own : own + b[2] * b[3] - shared);
}

// One detection after matching: at every threshold whether it found an object, and whether it counts at all.
struct Outcome {
  double score = 0;
  int rank = 0;  // among those of its picture and category
  std::array<bool, kThresholds> matched{}, ignored{};
};

// One picture and one category.
struct Cell {
  std::vector<const CocoObject*> objects;
  std::vector<const CocoResult*> results;
};

// Appends the outcomes for objects of one size; returns how many objects count.
std::int64_t match(const Cell& cell, const std::vector<double>& overlaps, int size, std::vector<Outcome>& outcomes) {
  const std::size_t count = cell.objects.size();
  std::vector<std::size_t> order;  // objects that count first
  std::vector<bool> ignore(count);
  for (std::size_t g = 0; g < count; ++g) ignore[g] = cell.objects[g]->crowd || !of_size(cell.objects[g]->area, size);
  for (bool wanted : {false, true})
    for (std::size_t g = 0; g < count; ++g)
      if (ignore[g] == wanted) order.push_back(g);
  const std::size_t first = outcomes.size();
  for (std::size_t d = 0; d < cell.results.size(); ++d)
    outcomes.push_back({cell.results[d]->score, static_cast<int>(d), {}, {}});
  for (int t = 0; t < kThresholds; ++t) {
    std::vector<bool> taken(count);
    for (std::size_t d = 0; d < cell.results.size(); ++d) {
      double best = std::min(iou_threshold(t), 1 - 1e-10);
      std::size_t found = count;
      for (std::size_t g : order) {
        if (taken[g] && !cell.objects[g]->crowd) continue;
        if (found < count && !ignore[found] && ignore[g]) break;  // from here on nothing counts
        const double iou = overlaps[d * count + g];
        if (iou < best) continue;
        best = iou;
        found = g;
      }
      Outcome& o = outcomes[first + d];
      const auto at = static_cast<std::size_t>(t);
      if (found == count) {
        o.ignored[at] = !of_size(cell.results[d]->box[2] * cell.results[d]->box[3], size);
      } else {
        o.matched[at] = true;
        o.ignored[at] = ignore[found];
        taken[found] = true;
      }
    }
  }
  return std::count(ignore.begin(), ignore.end(), false);
}

struct Curve {
  double precision = 0;  // mean over the recall values
  double recall = 0;     // at the end
};

// `outcomes` by falling score; those beyond `cap` in their picture are passed over.
Curve curve(const std::vector<Outcome>& outcomes, std::size_t threshold, int cap, std::int64_t objects) {
  std::vector<double> recall, precision;
  std::int64_t right = 0, wrong = 0;
  for (const Outcome& o : outcomes) {
    if (o.rank >= cap) continue;
    if (!o.ignored[threshold]) ++(o.matched[threshold] ? right : wrong);
    recall.push_back(static_cast<double>(right) / static_cast<double>(objects));
    precision.push_back(static_cast<double>(right) /
                        (static_cast<double>(wrong + right) + std::numeric_limits<double>::epsilon()));
  }
  if (recall.empty()) return {};
  for (std::size_t i = precision.size() - 1; i > 0; --i) precision[i - 1] = std::max(precision[i - 1], precision[i]);
  double sum = 0;
  for (int r = 0; r < kRecalls; ++r) {
    auto at = std::lower_bound(recall.begin(), recall.end(), recall_value(r));
    if (at == recall.end()) break;
    sum += precision[static_cast<std::size_t>(at - recall.begin())];
  }
  return {sum / kRecalls, recall.back()};
}

// All figures of one category; -1 where it has no objects of a size.
struct Figures {
  std::array<std::array<double, kThresholds>, kSizes> precision{};  // with at most 100 detections
  std::array<std::array<double, kThresholds>, kSizes> recall{};
  std::array<std::array<double, kThresholds>, kCaps.size()> recall_of_cap{};  // of all sizes
  std::array<bool, kSizes> any{};
};

Figures figures_of(const std::vector<Cell>& cells) {
  std::vector<std::vector<double>> overlaps;
  for (const Cell& cell : cells) {
    std::vector<double>& o = overlaps.emplace_back();
    for (const CocoResult* r : cell.results)
      for (const CocoObject* object : cell.objects) o.push_back(overlap(r->box, *object));
  }
  Figures out;
  for (int size = 0; size < kSizes; ++size) {
    std::vector<Outcome> outcomes;
    std::int64_t objects = 0;
    for (std::size_t c = 0; c < cells.size(); ++c) objects += match(cells[c], overlaps[c], size, outcomes);
    const auto at = static_cast<std::size_t>(size);
    out.any[at] = objects > 0;
    if (objects == 0) continue;
    std::stable_sort(outcomes.begin(), outcomes.end(),
                     [](const Outcome& a, const Outcome& b) { return a.score > b.score; });
    for (std::size_t t = 0; t < kThresholds; ++t) {
      const Curve c = curve(outcomes, t, kMostDetections, objects);
      out.precision[at][t] = c.precision;
      out.recall[at][t] = c.recall;
      for (std::size_t cap = 0; size == all && cap < kCaps.size(); ++cap)
        out.recall_of_cap[cap][t] = curve(outcomes, t, kCaps[cap], objects).recall;
    }
  }
  return out;
}

// The cells of every category: pictures by id, detections by falling score and no more than are ever counted.
std::map<std::int64_t, std::vector<Cell>> cells_of(const CocoTruth& truth, std::span<const CocoResult> results) {
  std::map<std::pair<std::int64_t, std::int64_t>, Cell> cells;  // by category and picture
  for (const CocoObject& o : truth.objects) cells[{o.category, o.image}].objects.push_back(&o);
  for (const CocoResult& r : results) cells[{r.category, r.image}].results.push_back(&r);
  std::map<std::int64_t, std::vector<Cell>> out;
  for (auto& [key, cell] : cells) {
    std::stable_sort(cell.results.begin(), cell.results.end(),
                     [](const CocoResult* a, const CocoResult* b) { return a->score > b->score; });
    if (cell.results.size() > kMostDetections) cell.results.resize(kMostDetections);
    out[key.first].push_back(std::move(cell));
  }
  return out;
}

// A mean that knows when it is of nothing.
struct Mean {
  double sum = 0;
  std::int64_t count = 0;
  void add(const std::array<double, kThresholds>& values) {
    sum += std::accumulate(values.begin(), values.end(), 0.0);
    count += kThresholds;
  }
  void add(double value) { sum += value, ++count; }
  double value() const { return count ? sum / static_cast<double>(count) : -1; }
};

double mean(const std::array<double, kThresholds>& values) {
  Mean m;
  m.add(values);
  return m.value();
}

}  // namespace

std::vector<std::pair<std::string, double>> DetectionMetrics::named() const {
  return {{"AP", ap},   {"AP50", ap50}, {"AP75", ap75},   {"APs", ap_small}, {"APm", ap_medium}, {"APl", ap_large},
          {"AR1", ar1}, {"AR10", ar10}, {"AR100", ar100}, {"ARs", ar_small}, {"ARm", ar_medium}, {"ARl", ar_large}};
}

DetectionMetrics measure_detections(const CocoTruth& truth, std::span<const CocoResult> results) {
  std::map<std::int64_t, std::vector<Cell>> cells = cells_of(truth, results);
  std::map<std::int64_t, DetectionMetrics::Category> categories;
  for (const CocoCategory& c : truth.categories) categories[c.id].category = c;
  for (const CocoObject& o : truth.objects) categories[o.category].objects += !o.crowd;
  for (const CocoResult& r : results) {
    require(categories.contains(r.category) && std::isfinite(r.score),
            "a detection on image {} has the category {} and the score {}", r.image, r.category, r.score);
    ++categories[r.category].detections;
  }

  std::array<Mean, kSizes> precision, recall;
  std::array<Mean, kCaps.size()> recall_of_cap;
  Mean at50, at75;
  DetectionMetrics out;
  for (auto& [id, category] : categories) {
    const Figures f = figures_of(cells[id]);
    for (std::size_t size = 0; size < kSizes; ++size)
      if (f.any[size]) precision[size].add(f.precision[size]), recall[size].add(f.recall[size]);
    if (f.any[all]) {
      for (std::size_t cap = 0; cap < kCaps.size(); ++cap) recall_of_cap[cap].add(f.recall_of_cap[cap]);
      at50.add(f.precision[all][0]);
      at75.add(f.precision[all][5]);
      category.ap = mean(f.precision[all]);
      category.ap50 = f.precision[all][0];
      category.ar100 = mean(f.recall[all]);
    }
    out.categories.push_back(category);
  }
  out.ap = precision[all].value();
  out.ap50 = at50.value();
  out.ap75 = at75.value();
  out.ap_small = precision[small].value();
  out.ap_medium = precision[medium].value();
  out.ap_large = precision[large].value();
  out.ar1 = recall_of_cap[0].value();
  out.ar10 = recall_of_cap[1].value();
  out.ar100 = recall_of_cap[2].value();
  out.ar_small = recall[small].value();
  out.ar_medium = recall[medium].value();
  out.ar_large = recall[large].value();
  return out;
}

}  // namespace frugal
