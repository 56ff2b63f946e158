// The objects of two pictures of 128 x 128 on which the official code was run
// (shared/data/parity/gold_yolo/losses.json).
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>

#include "support/support.h"
#include "tasks/detection/assign_torch.h"

namespace frugal::test {

inline std::filesystem::path gold_yolo_file(const std::string& name) {
  return shared_path("data/parity/gold_yolo/" + name);
}

inline nlohmann::json read_json(const std::filesystem::path& path) {
  std::ifstream stream(path);
  return nlohmann::json::parse(stream);
}

// `targets`: rows of picture, class, centre x and y, width and height in 256ths.
inline std::vector<Objects> official_objects(const nlohmann::json& targets) {
  std::vector<Objects> out;
  for (int picture : {0, 1}) {
    std::vector<std::int64_t> labels;
    std::vector<double> boxes;
    for (const nlohmann::json& row : targets.at("rows_times_256")) {
      if (row[0] != picture) continue;
      labels.push_back(row[1].get<std::int64_t>());
      const auto pixels = [&](std::size_t i) { return row[i].get<double>() / 2; };
      for (double side : {-0.5, 0.5})
        for (std::size_t axis : {2, 3}) boxes.push_back(pixels(axis) + side * pixels(axis + 2));
    }
    out.push_back({torch::tensor(labels, torch::kInt64), torch::tensor(boxes, torch::kFloat64).view({-1, 4})});
  }
  return out;
}

}  // namespace frugal::test
