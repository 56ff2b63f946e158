#include "cli/model_source.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <filesystem>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/program.h"
#include "formats/file.h"
#include "formats/model_file.h"
#include "formats/safetensors.h"
#include "formats/weights.h"
#include "frugal/onnx.h"
#include "graph/initial_weights.h"
#include "models/registry.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

bool is_path(const std::string& text) {
  return text.find('/') != std::string::npos || !fs::path(text).extension().empty() || fs::exists(text);
}

// The sizes of a built-in network with one picture input follow from --shape.
ModelOptions options_for(const ModelSource& source) {
  ModelOptions options{.classes = source.classes};
  for (const std::string& text : source.shapes) {
    auto [name, shape] = parse_shape(text, "--shape");
    if (shape.size() != 4) continue;
    options.channels = shape[1];
    options.height = shape[2];
    options.width = shape[3];
  }
  for (const std::string& text : source.options) {
    std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) fail_usage("--option {}: write it as KEY=VALUE", text);
    options.extra[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return options;
}

OpenedModel built_in(const std::string& name, const ModelSource& source) {
  const ModelEntry& entry = ModelRegistry::instance().get(name);
  OpenedModel opened;
  opened.model.graph = build_network(name, options_for(source));
  opened.name = opened.built_in = name;
  opened.task = entry.task;
  return opened;
}

OpenedModel from_checkpoint(SafetensorsFile file, const ModelSource& source) {
  if (source.arch.empty())
    fail_usage("{} holds weights but no graph: say with --arch NAME which network they belong to (see: frugal models)",
               source.model);
  OpenedModel opened = built_in(source.arch, source);
  try {
    opened.model.weights =
        match_weights(opened.model.graph, Weights(file.tensors.begin(), file.tensors.end()), source.model);
  } catch (const Error& e) {
    fail("{}; another --arch may fit (see: frugal models)", e.what());
  }
  return opened;
}

void check_file(const std::string& path) {
  std::string extension = fs::path(path).extension().string();
  if (extension == ".gguf")
    fail("{}: a language model runs with frugal generate, chat, perplexity, tokenize and bench", path);
  if (fs::exists(path)) {
    if (fs::is_directory(path)) fail("{} is a folder; a model is one file (.safetensors, .onnx)", path);
  } else {
    fail("{}: there is no such file", path);
  }
  if (extension != ".safetensors" && extension != ".onnx")
    fail_usage("{}: a model file ends in .safetensors or .onnx", path);
}

OpenedModel from_onnx(const ModelSource& source) {
  if (!source.arch.empty()) fail_usage("--arch goes with a checkpoint file; {} holds its own graph", source.model);
  OnnxOptions options;
  for (const std::string& text : source.shapes) options.shapes.insert(parse_shape(text, "--shape"));
  OpenedModel opened;
  opened.model = load_onnx(source.model, options);
  opened.name = opened.model.graph.name();
  opened.file_bytes = fs::file_size(source.model);
  return opened;
}

OpenedModel from_file(const ModelSource& source) {
  check_file(source.model);
  if (fs::path(source.model).extension() == ".onnx") return from_onnx(source);
  SafetensorsFile file = read_safetensors(source.model);
  OpenedModel opened;
  if (file.metadata.contains("frugal.format")) {
    if (!source.arch.empty()) log_warning("{} holds its own graph; --arch {} is not needed", source.model, source.arch);
    opened.model = naming_file(source.model, [&] { return model_from_safetensors(std::move(file)); });
    opened.name = opened.model.graph.name();
    std::optional<TaskInfo> info = task_info(opened.model);
    opened.task = info ? info->kind : "";
  } else {
    opened = from_checkpoint(std::move(file), source);
  }
  opened.file_bytes = fs::file_size(source.model);
  return opened;
}

}  // namespace

void ModelSource::add_options(CLI::App& app, bool with_shape, const char* classes_flag) {
  app.add_option("MODEL", model, "A built-in name (random weights), or a .safetensors or .onnx file")->required();
  app.add_option("--arch", arch, "The built-in network that a plain checkpoint belongs to")->type_name("NAME");
  add_number(app, classes_flag, classes, 1, 1000000, "Classes of a built-in network (default: its own)");
  app.add_option("--option", options, "An option of a built-in network, such as width=32; may be repeated")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all();
  if (with_shape)
    app.add_option("--shape", shapes, "Shape of an input: NAME=1x3x224x224; may be repeated")
        ->type_name("NAME=DIMS")
        ->expected(1)
        ->take_all();
}

OpenedModel open_model(const ModelSource& source, const Common& common) {
  if (common.device != "cpu")
    fail_usage("--device {}: this command computes on the cpu; other devices are for training", common.device);
  if (ModelRegistry::instance().find(source.model) == nullptr && is_path(source.model)) return from_file(source);
  if (!source.arch.empty()) fail_usage("--arch goes with a checkpoint file; {} is not a file", source.model);
  OpenedModel opened = built_in(source.model, source);
  opened.model.weights = initial_weights(opened.model.graph, common.seed);
  opened.random = true;
  return opened;
}

std::pair<std::string, Shape> parse_shape(const std::string& text, std::string_view what) {
  auto refuse = [&]() { fail_usage("{} {}: write it as NAME=1x3x224x224", what, text); };
  std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) refuse();
  Shape shape;
  const char *at = text.data() + equals + 1, *end = text.data() + text.size();
  while (true) {
    std::int64_t dim = 0;
    auto [next, error] = std::from_chars(at, end, dim);
    if (error != std::errc() || dim < 1 || shape.size() == kMaxRank) refuse();
    shape.push_back(dim);
    if (next == end) break;
    if (*next != 'x') refuse();
    at = next + 1;
  }
  return {text.substr(0, equals), shape};
}

std::vector<Shape> input_shapes(const Graph& graph, const std::vector<std::string>& given) {
  std::vector<std::string> names;
  std::map<std::string, Shape> wanted;
  for (ValueId id : graph.inputs()) names.push_back(graph.value(id).name);
  for (const std::string& text : given) {
    auto [name, shape] = parse_shape(text, "--shape");
    if (std::find(names.begin(), names.end(), name) == names.end())
      fail_usage("--shape {}: {} has no input '{}'; its inputs are {}", text, graph.name(), name, join(names, ", "));
    wanted[name] = shape;
  }
  // A size that one input names holds for the others too; what nobody names is 1.
  Bindings sizes;
  for (ValueId id : graph.inputs()) {
    const Value& value = graph.value(id);
    auto found = wanted.find(value.name);
    for (std::size_t i = 0; found != wanted.end() && i < std::min(found->second.size(), value.type.shape.size()); ++i)
      if (!value.type.shape[i].fixed()) sizes.try_emplace(value.type.shape[i].text(), found->second[i]);
  }
  std::vector<Shape> shapes;
  for (ValueId id : graph.inputs()) {
    const Value& value = graph.value(id);
    auto found = wanted.find(value.name);
    Shape shape;
    if (found != wanted.end())
      shape = found->second;
    else
      for (const Dim& dim : frugal::bind(value.type.shape, sizes)) shape.push_back(dim.fixed() ? dim.value() : 1);
    shapes.push_back(std::move(shape));
  }
  try {
    bind_inputs(graph, shapes);
  } catch (const Error& e) {
    fail_usage("--shape: {}", e.what());
  }
  return shapes;
}

TaskInfo task_info_or_usual(const OpenedModel& opened, bool note) {
  if (std::optional<TaskInfo> info = task_info(opened.model)) return *info;
  const Graph& graph = opened.model.graph;
  const SymShape* shape = graph.inputs().empty() ? nullptr : &graph.value(graph.inputs()[0]).type.shape;
  require(shape && shape->size() == 4 && (*shape)[1].fixed() && (*shape)[2].fixed() && (*shape)[3].fixed(),
          "{} does not say how a picture becomes its input, and it does not take one picture of a fixed size",
          opened.name);
  TaskInfo info;
  info.channels = (*shape)[1].value();
  info.height = (*shape)[2].value();
  info.width = (*shape)[3].value();
  auto count = static_cast<std::size_t>(info.channels);
  if (count == 3) {
    info.mean = {0.485f, 0.456f, 0.406f};
    info.std = {0.229f, 0.224f, 0.225f};
  } else {
    info.mean.assign(count, 0.5f);
    info.std.assign(count, 0.5f);
  }
  if (note)
    log_info("{} does not say how to prepare pictures: taking {} (--mean and --std change that)", opened.name,
             count == 3 ? "the usual mean and deviation of ImageNet" : "mean 0.5 and deviation 0.5");
  if (info.height >= 160) info.resize = info.height * 8 / 7;  // 256 for 224
  return info;
}

}  // namespace frugal
