// What an ONNX file says about its model beside the graph.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/onnx/onnx.pb.h"

namespace frugal {

// Model::metadata: our own notes where we wrote them ("task", "labels", "recipe", "metrics"); labels too from "names",
// as the exporters of YOLOv5 and YOLOv8 write them. Notes of other programs in another form are passed over.
std::map<std::string, std::string> notes_from_onnx(const onnx::ModelProto& proto);

// "{0: 'person', 1: \"dog\"}" as Python prints it, or a list of strings; nothing where it is neither, or the numbers
// are not 0, 1, 2, ...
std::optional<std::vector<std::string>> parse_names(std::string_view text);

}  // namespace frugal
