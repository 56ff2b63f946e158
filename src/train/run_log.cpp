#include "train/run_log.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/svg_plot.h"
#include "formats/file.h"

namespace frugal {
namespace {

const double* find(const RunLog::Row& row, const std::string& column) {
  for (const auto& [name, value] : row)
    if (name == column) return &value;
  return nullptr;
}

void replace_file(const std::string& path, const std::string& text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

}  // namespace

std::vector<std::string> RunLog::columns() const {
  std::vector<std::string> names;
  for (const Row& row : rows_)
    for (const auto& [name, value] : row)
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  return names;
}

std::string RunLog::csv() const {
  std::vector<std::string> names = columns();
  std::string out = fmt::format("{}\n", fmt::join(names, ","));
  for (const Row& row : rows_) {
    std::vector<std::string> cells;
    for (const std::string& name : names) {
      const double* value = find(row, name);
      cells.push_back(value ? fmt::format("{:.8g}", *value) : "");
    }
    out += fmt::format("{}\n", fmt::join(cells, ","));
  }
  return out;
}

std::string RunLog::svg(const std::string& title) const {
  Plot loss{.title = "Loss", .x_label = "epoch"}, quality{.title = "Quality", .x_label = "epoch"};
  Plot rate{.title = "Learning rate", .x_label = "epoch"};
  for (const std::string& name : columns()) {
    if (name == "epoch" || name == "seconds") continue;
    Series series{.name = name};
    for (const Row& row : rows_)
      if (const double* x = find(row, "epoch"), *y = find(row, name); x && y) {
        series.x.push_back(*x);
        series.y.push_back(*y);
      }
    Plot& plot = name == "lr" ? rate : name.find("loss") != std::string::npos ? loss : quality;
    std::replace(series.name.begin(), series.name.end(), '_', ' ');
    plot.series.push_back(std::move(series));
  }
  std::vector<Plot> plots;
  for (Plot* plot : {&loss, &quality, &rate}) {
    if (plot->series.empty()) continue;
    if (plot == &rate ||
        (plot == &quality && quality.series.size() == 1)) {  // one line needs no legend beside its title
      if (plot == &quality) plot->title = plot->series[0].name;
      plot->title[0] = static_cast<char>(std::toupper(plot->title[0]));
      plot->series[0].name = plot->title;
    }
    plots.push_back(std::move(*plot));
  }
  return svg_plots(plots, title);
}

nlohmann::json RunLog::json() const {
  nlohmann::json out = nlohmann::json::array();
  for (const Row& row : rows_) out.push_back(row);
  return out;
}

RunLog RunLog::from_json(const nlohmann::json& json) {
  RunLog log;
  for (const nlohmann::json& row : json) log.add(row.get<Row>());
  return log;
}

void RunLog::write(const std::string& folder, const std::string& title) const {
  replace_file(folder + "/metrics.csv", csv());
  replace_file(folder + "/curves.svg", svg(title));
}

}  // namespace frugal
