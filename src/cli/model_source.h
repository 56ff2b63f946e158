// Where a command's MODEL comes from: a built-in network, our own model file, or a checkpoint with --arch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/command.h"
#include "frugal/model.h"
#include "frugal/task_info.h"

namespace frugal {

struct ModelSource {
  std::string model;  // MODEL
  std::string arch;   // the network that a plain checkpoint's tensors belong to
  int classes = 0;
  std::vector<std::string> shapes;   // "input=1x3x224x224"
  std::vector<std::string> options;  // of a built-in network: "width=32"

  // `classes_flag`: the name of the option for the number of classes.
  void add_options(CLI::App& app, bool with_shape, const char* classes_flag = "--classes");
};

struct OpenedModel {
  Model model;
  std::string name, task;
  std::string built_in;  // the network it was built as, where it was
  bool random = false;   // weights are not trained
  std::uint64_t file_bytes = 0;
};

// Error or UsageError says what would be right. Notes about random weights go to stderr.
OpenedModel open_model(const ModelSource& source, const Common& common);

// "NAME=1x3x224x224"; `what` names the flag in the message.
std::pair<std::string, Shape> parse_shape(const std::string& text, std::string_view what);

// A shape for every input of the graph: those given, else the graph's own with every symbol 1.
std::vector<Shape> input_shapes(const Graph& graph, const std::vector<std::string>& given);

// The model's own pre-processing, or for a picture classifier that does not say, the usual one (which a note on stderr
// says).
TaskInfo task_info_or_usual(const OpenedModel& opened, bool note = true);

}  // namespace frugal
