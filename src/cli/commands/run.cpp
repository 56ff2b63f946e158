// frugal run: raw tensors through the engine.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/model_source.h"
#include "cli/output.h"
#include "formats/npy.h"
#include "frugal/session.h"

namespace frugal {
namespace {

struct Run {
  ModelSource source;
  std::vector<std::string> inputs;
  std::string output;
};

// "NAME=x.npy", or "x.npy" where the network has one input.
std::pair<std::string, std::string> split_input(const std::string& text, const std::vector<std::string>& names) {
  std::size_t equals = text.find('=');
  std::string name = equals == std::string::npos ? "" : text.substr(0, equals);
  std::string path = equals == std::string::npos ? text : text.substr(equals + 1);
  if (name.empty() && names.size() == 1) name = names[0];
  if (name.empty()) fail_usage("--input {}: write it as NAME=x.npy; the inputs are {}", text, join(names, ", "));
  if (std::find(names.begin(), names.end(), name) == names.end())
    fail_usage("--input {}: the network has no input '{}'{} (it has {})", text, name, suggestion(name, names),
               join(names, ", "));
  if (path.empty()) fail_usage("--input {}: the file's name is missing", text);
  return {name, path};
}

std::vector<Tensor> read_inputs(const Graph& graph, const std::vector<std::string>& given) {
  std::vector<std::string> names;
  for (ValueId id : graph.inputs()) names.push_back(graph.value(id).name);
  std::map<std::string, std::string> files;
  for (const std::string& text : given) {
    auto [name, path] = split_input(text, names);
    if (!files.emplace(name, path).second) fail_usage("--input {}: '{}' was given twice", text, name);
  }
  std::vector<Tensor> inputs;
  for (ValueId id : graph.inputs()) {
    const Value& value = graph.value(id);
    auto file = files.find(value.name);
    if (file == files.end())
      fail_usage("input '{}' ({}) is missing: --input {}=x.npy", value.name, to_string(value.type), value.name);
    Tensor tensor = read_npy(file->second);
    if (tensor.dtype() != value.type.dtype) {
      log_info("{}: converting {} to {}", file->second, name(tensor.dtype()), name(value.type.dtype));
      tensor = tensor.to(value.type.dtype);
    }
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

std::string range_text(const Tensor& tensor) {
  if (tensor.numel() == 0) return "";
  Tensor values = tensor.to(DType::f32);
  const float* p = values.data<float>();
  auto [low, high] = std::minmax_element(p, p + values.numel());
  return fmt::format("{:.6g} to {:.6g}", *low, *high);
}

int run_run(const Run& run, const Common& common) {
  if (!run.output.empty() && !run.output.ends_with(".npz")) fail_usage("--output {}: end the name in .npz", run.output);
  OpenedModel opened = open_model(run.source, common);
  if (opened.random) log_info("{} is built in: its weights are random (--seed {})", opened.name, common.seed);
  Graph graph = opened.model.graph;
  std::vector<Tensor> inputs = read_inputs(graph, run.inputs);
  Session session(std::move(opened.model), {.threads = common.threads, .precision = common.precision});
  std::vector<Tensor> outputs = session.run(inputs);

  Json list = Json::array();
  std::map<std::string, Tensor> named;
  Table table({"output", "dtype", "shape", "values"});
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const std::string& output = graph.output_name(i);
    list.push_back({{"name", output}, {"shape", outputs[i].shape()}, {"dtype", name(outputs[i].dtype())}});
    table.row({output, std::string(name(outputs[i].dtype())), to_string(outputs[i].shape()), range_text(outputs[i])});
    named.emplace(output, outputs[i]);
  }
  if (!run.output.empty()) write_npz(run.output, named);
  if (common.json)
    print_json({{"outputs", list}});
  else
    table.print();
  return 0;
}

}  // namespace

FRUGAL_COMMAND(run) {
  commands.add(
      {.name = "run",
       .summary = "Put raw tensors through a network",
       .help =
           "Runs the engine once on tensors from NPY files (numpy.save) and writes the outputs as NPZ (numpy.load).\n"
           "JSON: {outputs[{name, shape, dtype}]}.",
       .examples = "  frugal run model.safetensors --input input=x.npy --output out.npz\n"
                   "  frugal run resnet18 --input x.npy --seed 1 --json",
       .define = [](CLI::App& app) -> CommandRun {
         auto run = std::make_shared<Run>();
         run->source.add_options(app, false);
         app.add_option("-i,--input", run->inputs, "An input of the network; NAME= may be left out where there is one")
             ->type_name("NAME=x.npy")
             ->expected(1)
             ->take_all();
         app.add_option("-o,--output", run->output, "Write all outputs into this file")->type_name("OUT.npz");
         return [run](const Common& common) { return run_run(*run, common); };
       }});
}

}  // namespace frugal
