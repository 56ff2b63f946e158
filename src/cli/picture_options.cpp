#include "cli/picture_options.h"

#include <CLI/CLI.hpp>

#include "base/check.h"

namespace frugal {
namespace {

void apply(std::vector<float>& to, const std::vector<float>& given, std::int64_t channels, const char* flag) {
  if (given.empty()) return;
  if (static_cast<std::int64_t>(given.size()) != channels)
    fail_usage("{}: the network takes {} channels, so give {} numbers, such as 0.485,0.456,0.406", flag, channels,
               channels);
  to = given;
}

}  // namespace

void PictureOptions::add_options(CLI::App& app) {
  auto list = [](CLI::Option* option) { option->type_name("X,...")->delimiter(',')->expected(1)->take_all(); };
  list(app.add_option("--mean", mean, "Mean of each channel, of values 0 to 1 (default: the model's own)"));
  list(app.add_option("--std", std, "Standard deviation of each channel"));
  app.add_option("--resize", resize, "Scale the shorter side to this before the centre is cut out")
      ->type_name("N")
      ->check(CLI::Range(0, 65536).description(""));
}

TaskInfo PictureOptions::task_info(const OpenedModel& opened) const {
  bool told = !mean.empty() && !std.empty();
  TaskInfo info = task_info_or_usual(opened, !told);
  if (info.kind != "classify") fail("{} is made for '{}', not for classifying", opened.name, info.kind);
  apply(info.mean, mean, info.channels, "--mean");
  apply(info.std, std, info.channels, "--std");
  for (float deviation : info.std)
    if (!(deviation > 0)) fail_usage("--std: a deviation is above 0, not {}", deviation);
  if (resize) info.resize = *resize;
  return info;
}

std::vector<std::string> labels_for(const Model& model, const std::vector<std::string>& data_labels) {
  std::vector<std::string> own = class_labels(model);
  return own.empty() ? data_labels : own;
}

}  // namespace frugal
