// frugal info: what a network is and what it costs, from its graph alone.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "cli/command.h"
#include "cli/gguf.h"
#include "cli/model_source.h"
#include "cli/output.h"
#include "engine/program.h"
#include "formats/file.h"
#include "graph/costs.h"
#include "graph/print.h"

namespace frugal {
namespace {

struct Info {
  ModelSource source;
  bool layers = false, graph = false;
  std::string picture;
};

std::string output_text(const LayerCost& layer) {
  std::string out;
  for (const ValueType& type : layer.outputs) out += (out.empty() ? "" : " ") + to_string(type.shape);
  return out;
}

Json layer_json(const LayerCost& layer) {
  Json outputs = Json::array();
  for (const ValueType& type : layer.outputs) outputs.push_back(shape_json(type.shape));
  return {{"name", layer.name}, {"op", layer.op}, {"params", layer.params}, {"macs", layer.macs}, {"output", outputs}};
}

Json document_of(const OpenedModel& opened, const Costs& costs) {
  const Graph& graph = opened.model.graph;
  Json document{{"name", opened.name},
                {"task", opened.task},
                {"params", costs.params},
                {"macs", costs.macs},
                {"weight_bytes", costs.weight_bytes},
                {"input", values_json(graph, graph.inputs())},
                {"output", values_json(graph, graph.outputs())},
                {"random_weights", opened.random}};
  document["layers"] = Json::array();
  for (const LayerCost& layer : costs.layers) document["layers"].push_back(layer_json(layer));
  Json metadata = Json::object();
  for (const auto& [key, value] : opened.model.metadata) {
    Json parsed = Json::parse(value, nullptr, false);
    metadata[key] = parsed.is_discarded() ? Json(value) : parsed;
  }
  document["metadata"] = metadata;
  return document;
}

void print_summary(const OpenedModel& opened, const Costs& costs) {
  const Graph& graph = opened.model.graph;
  print("{}{}\n", opened.name, opened.random ? " (built in)" : "");
  if (!opened.task.empty()) print("  task      {}\n", opened.task);
  print("  params    {} ({})\n", grouped(costs.params), bytes_text(static_cast<std::uint64_t>(costs.weight_bytes)));
  print("  MACs      {}\n", grouped(costs.macs));
  for (ValueId id : graph.inputs()) print("  input     {} {}\n", graph.value(id).name, to_string(graph.value(id).type));
  for (std::size_t i = 0; i < graph.outputs().size(); ++i)
    print("  output    {} {}\n", graph.output_name(i), to_string(graph.value(graph.outputs()[i]).type));
  print("  nodes     {}\n", graph.nodes().size());
  if (opened.file_bytes > 0) print("  file      {}\n", bytes_text(opened.file_bytes));
  for (const auto& [key, value] : opened.model.metadata)
    print("  {:<9} {}\n", key, value.size() > 300 ? value.substr(0, 300) + " ..." : value);
}

void print_layers(const Costs& costs) {
  Table table({"layer", "op", ">params", ">MACs", "output"});
  for (const LayerCost& layer : costs.layers)
    table.row({layer.name, layer.op, layer.params ? grouped(layer.params) : "", layer.macs ? grouped(layer.macs) : "",
               output_text(layer)});
  print("\n");
  table.print();
}

void write_picture(const std::string& path, const Graph& graph) {
  if (!path.ends_with(".svg")) fail_usage("--picture {}: the picture is an SVG; end the name in .svg", path);
  AtomicFile file(path);
  file.write(to_svg(graph));
  file.commit();
}

int run_info(const Info& info, const Common& common) {
  if (info.source.model.ends_with(".gguf")) return info_gguf(info.source.model, info.layers, common);
  OpenedModel opened = open_model(info.source, common);
  const Graph& graph = opened.model.graph;
  Costs costs = compute_costs(graph, bind_inputs(graph, input_shapes(graph, info.source.shapes)));
  if (!info.picture.empty()) write_picture(info.picture, graph);
  if (common.json) {
    print_json(document_of(opened, costs));
    return 0;
  }
  print_summary(opened, costs);
  if (info.layers) print_layers(costs);
  if (info.graph) print("\n{}", to_text(graph));
  return 0;
}

}  // namespace

FRUGAL_COMMAND(info) {
  commands.add(
      {.name = "info",
       .summary = "What a network is and what it costs",
       .help =
           "Tells a network's task, inputs, outputs, parameters and multiply-adds (MACs), computed from its graph.\n"
           "One MAC is one multiply-add of a convolution, linear or matmul layer; the rest counts nothing.\n"
           "Of a .gguf file: its metadata and tensors, types and bits a weight.\n"
           "JSON: {name, task, params, macs, input, output, layers[{name, op, params, macs, output}], ...}; of a .gguf "
           "file\n"
           "{name, task, architecture, params, weight_bytes, bits_per_weight, metadata, tensors}.",
       .examples = "  frugal info resnet18\n"
                   "  frugal info resnet18 --layers --shape input=1x3x320x320\n"
                   "  frugal info model.safetensors --picture model.svg\n"
                   "  frugal info checkpoint.safetensors --arch resnet20_cifar_a\n"
                   "  frugal info model.gguf --layers",
       .define = [](CLI::App& app) -> CommandRun {
         auto info = std::make_shared<Info>();
         info->source.add_options(app, true);
         app.add_flag("--layers", info->layers, "A table of all layers, or of the tensors of a .gguf file");
         app.add_flag("--graph", info->graph, "The graph as text, one line a node");
         app.add_option("--picture", info->picture, "Draw the graph into this file")->type_name("OUT.svg");
         return [info](const Common& common) { return run_info(*info, common); };
       }});
}

}  // namespace frugal
