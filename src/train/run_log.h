// What a run reports of itself: rows of numbers, one an epoch, as CSV and as a picture.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace frugal {

// Columns: epoch, lr, seconds, the terms of the training loss ("train_loss"), the metrics of the evaluation
// ("test_accuracy"); a cell is empty where an epoch has no such number.
class RunLog {
 public:
  using Row = std::vector<std::pair<std::string, double>>;

  void add(Row row) { rows_.push_back(std::move(row)); }
  const std::vector<Row>& rows() const { return rows_; }
  std::string csv() const;
  std::string svg(const std::string& title) const;  // losses, metrics and learning rate over the epochs
  nlohmann::json json() const;
  static RunLog from_json(const nlohmann::json& json);
  // metrics.csv and curves.svg, replaced atomically.
  void write(const std::string& folder, const std::string& title) const;

 private:
  std::vector<std::string> columns() const;  // in order of first appearance
  std::vector<Row> rows_;
};

}  // namespace frugal
