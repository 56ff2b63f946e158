// How pictures are prepared, where a flag overrides what the model says.
#pragma once

#include <optional>
#include <vector>

#include "cli/model_source.h"

namespace frugal {

struct PictureOptions {
  std::vector<float> mean, std;
  std::optional<int> resize;

  void add_options(CLI::App& app);
  // The model's task, or the usual one, with the flags applied. UsageError where they do not fit.
  TaskInfo task_info(const OpenedModel& opened) const;
};

// The labels the model holds, else those of the data, else numbers.
std::vector<std::string> labels_for(const Model& model, const std::vector<std::string>& data_labels);

}  // namespace frugal
