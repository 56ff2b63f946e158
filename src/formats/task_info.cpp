#include "frugal/task_info.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "formats/strict_json.h"

namespace frugal {
namespace {

using nlohmann::json;

json parse(const std::string& text, std::string_view what) {
  return parse_json(text, fmt::format("the model's \"{}\"", what));
}

// 0.485 rather than the 0.48500001430511475 that a float becomes as a double.
json short_numbers(const std::vector<float>& values) {
  json out = json::array();
  for (float value : values) out.push_back(std::stod(fmt::format("{}", value)));
  return out;
}

std::int64_t size_value(const json& value, std::string_view what, std::int64_t lowest) {
  require(value.is_number_integer(), "the task's {} must be a whole number", what);
  require(!value.is_number_unsigned() || value.get<std::uint64_t>() <= 65536, "the task's {} is more than 65536", what);
  std::int64_t number = value.get<std::int64_t>();
  require(number >= lowest && number <= 65536, "the task's {} is {}; it must be {} to 65536", what, number, lowest);
  return number;
}

std::vector<float> channel_values(const json& value, std::string_view what, std::int64_t channels) {
  require(value.is_array() && static_cast<std::int64_t>(value.size()) == channels,
          "the task's {} must be a list of {} numbers, one a channel", what, channels);
  std::vector<float> out;
  for (const json& number : value) {
    require(number.is_number(), "the task's {} must be a list of numbers", what);
    out.push_back(number.get<float>());
    require(std::isfinite(out.back()), "the task's {} must be finite", what);
  }
  return out;
}

void read_input(const json& value, TaskInfo& info) {
  require(value.is_array() && value.size() == 3, "the task's input must be [channels, height, width]");
  info.channels = size_value(value[0], "input channels", 1);
  info.height = size_value(value[1], "input height", 1);
  info.width = size_value(value[2], "input width", 1);
}

void read_fit(const json& j, TaskInfo& info) {
  const json& fit = j["fit"];
  require(fit.is_string() && (fit == "cut" || fit == "letterbox" || fit == "stretch"),
          "the task's fit must be \"cut\", \"letterbox\" or \"stretch\"");
  info.fit = fit.get<std::string>();
  if (j.contains("load")) info.load = size_value(j["load"], "load", 0);
  if (j.contains("fill")) info.fill = size_value(j["fill"], "fill", 0);
  require(info.fill <= 255, "the task's fill is {}; it must be 0 to 255", info.fill);
  if (j.contains("bgr")) {
    require(j["bgr"].is_boolean(), "the task's bgr must be true or false");
    info.bgr = j["bgr"].get<bool>();
  }
  if (j.contains("layout")) {
    require(j["layout"].is_string(), "the task's layout must be a name");
    info.layout = j["layout"].get<std::string>();
  }
}

}  // namespace

std::string to_json(const TaskInfo& info) {
  json out{{"kind", info.kind},
           {"input", {info.channels, info.height, info.width}},
           {"mean", short_numbers(info.mean)},
           {"std", short_numbers(info.std)},
           {"pad", info.pad},
           {"resize", info.resize},
           {"interpolation", info.interpolation}};
  if (info.fit != "cut") {
    out["fit"] = info.fit;
    out["load"] = info.load;
    out["fill"] = info.fill;
    out["bgr"] = info.bgr;
    out["layout"] = info.layout;
  }
  return out.dump();
}

TaskInfo task_info_from_json(const std::string& text) {
  json j = parse(text, "task");
  require(j.is_object() && j.contains("kind") && j["kind"].is_string(), "the model's \"task\" has no \"kind\"");
  TaskInfo info;
  info.kind = j["kind"].get<std::string>();
  if (j.contains("input")) read_input(j["input"], info);
  auto count = static_cast<std::size_t>(info.channels);
  info.mean = j.contains("mean") ? channel_values(j["mean"], "mean", info.channels) : std::vector<float>(count, 0.0f);
  info.std = j.contains("std") ? channel_values(j["std"], "std", info.channels) : std::vector<float>(count, 1.0f);
  for (float deviation : info.std) require(deviation > 0, "the task's std must be above 0, not {}", deviation);
  if (j.contains("pad")) info.pad = size_value(j["pad"], "pad", 0);
  if (j.contains("resize")) info.resize = size_value(j["resize"], "resize", 0);
  if (j.contains("interpolation")) {
    require(j["interpolation"].is_string(), "the task's interpolation must be \"bilinear\" or \"bicubic\"");
    info.interpolation = j["interpolation"].get<std::string>();
    require(info.interpolation == "bilinear" || info.interpolation == "bicubic",
            "the task's interpolation is '{}'; known are bilinear and bicubic", info.interpolation);
  }
  if (j.contains("fit")) read_fit(j, info);
  return info;
}

std::optional<TaskInfo> task_info(const Model& model) {
  auto found = model.metadata.find("task");
  if (found == model.metadata.end()) return std::nullopt;
  return task_info_from_json(found->second);
}

std::vector<std::string> class_labels(const Model& model) {
  auto found = model.metadata.find("labels");
  if (found == model.metadata.end()) return {};
  json j = parse(found->second, "labels");
  require(j.is_array(), "the model's \"labels\" must be a list of names");
  std::vector<std::string> labels;
  for (const json& label : j) {
    require(label.is_string(), "the model's \"labels\" must be a list of names");
    labels.push_back(label.get<std::string>());
  }
  return labels;
}

void set_task_info(Model& model, const TaskInfo& info) { model.metadata["task"] = to_json(info); }
void set_class_labels(Model& model, const std::vector<std::string>& labels) {
  model.metadata["labels"] = json(labels).dump();
}

}  // namespace frugal
