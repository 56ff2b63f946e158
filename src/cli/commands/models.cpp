// frugal models: the built-in networks.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/model_source.h"
#include "cli/output.h"
#include "engine/program.h"
#include "graph/costs.h"
#include "models/registry.h"

namespace frugal {
namespace {

int run_models(const Common& common) {
  Json document = Json::array();
  Table table({"name", "task", ">params", ">MACs", "input", "what it is"});
  for (const ModelEntry* entry : ModelRegistry::instance().all()) {
    Graph graph = build_network(entry->name);
    Costs costs = compute_costs(graph, bind_inputs(graph, input_shapes(graph, {})));
    document.push_back({{"name", entry->name},
                        {"task", entry->task},
                        {"params", costs.params},
                        {"macs", costs.macs},
                        {"input", values_json(graph, graph.inputs())},
                        {"summary", entry->summary}});
    std::string input = graph.inputs().empty() ? "" : to_string(graph.value(graph.inputs()[0]).type.shape);
    table.row({entry->name, entry->task, short_count(costs.params), short_count(costs.macs), input, entry->summary});
  }
  if (common.json)
    print_json(document);
  else
    table.print();
  return 0;
}

}  // namespace

FRUGAL_COMMAND(models) {
  commands.add(
      {.name = "models",
       .summary = "List the built-in networks",
       .help =
           "Lists the built-in networks with their task, parameters, multiply-adds (MACs) of one picture and input\n"
           "shape. JSON: [{name, task, params, macs, input, summary}].",
       .examples = "  frugal models\n  frugal models --json | jq '.[].name'",
       .define = [](CLI::App&) -> CommandRun { return run_models; }});
}

}  // namespace frugal
