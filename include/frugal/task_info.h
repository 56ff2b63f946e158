// What a model file says about its task: how a picture becomes the network's input, and what its outputs mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "frugal/model.h"

namespace frugal {

// Stored as JSON in Model::metadata["task"]:
//   {"kind":"classify","input":[1,28,28],"mean":[0.286],"std":[0.353],"pad":0,"resize":0,"interpolation":"bilinear"}
// A picture is prepared so: converted to `channels` (grey from RGB by ITU-R BT.601), given a black border of `pad`
// pixels, its shorter side scaled to `resize` pixels, the centre height x width cut out, values divided by 255, then
// (value - mean) / std per channel. resize 0: scaled just so far that the cut touches two borders; a picture that has
// the input's size stays as it is.
struct TaskInfo {
  std::string kind = "classify";
  std::int64_t channels = 3, height = 224, width = 224;
  std::vector<float> mean{0, 0, 0}, std{1, 1, 1};  // one a channel, of values in 0..1
  std::int64_t pad = 0;                            // pixels on every side
  std::int64_t resize = 0;                         // pixels of the shorter side
  std::string interpolation = "bilinear";          // or "bicubic"; antialiased where it shrinks
  // Of a detector ("kind":"detect"). `fit` says how a picture of any shape fills height x width: "letterbox" scales its
  // longer side to `load` pixels (0: as far as it fits) and surrounds it with the grey `fill`; "stretch" scales both
  // sides. `bgr`: channels go in as blue, green, red. `layout`: what the output's numbers mean (frugal/detect.h).
  std::string fit = "cut";  // the above: scaled and cut
  std::int64_t load = 0, fill = 0;
  bool bgr = false;
  std::string layout{};
  bool operator==(const TaskInfo&) const = default;
};

std::string to_json(const TaskInfo& info);
TaskInfo task_info_from_json(const std::string& json);  // Error names the key that is wrong

// The model's own, if it says so.
std::optional<TaskInfo> task_info(const Model& model);
std::vector<std::string> class_labels(const Model& model);  // empty if it does not say
void set_task_info(Model& model, const TaskInfo& info);
void set_class_labels(Model& model, const std::vector<std::string>& labels);

}  // namespace frugal
