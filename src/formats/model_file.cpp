// The single-file model: a safetensors file whose metadata hold, besides the model's own notes,
//   "frugal.format"  the version of this layout, a number
//   "frugal.graph"   the graph as JSON (graph/serialize.h)
//   "frugal.KEY"     Model::metadata[KEY]
// Metadata without the prefix belong to other tools: they are ignored and not kept.
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "formats/file.h"
#include "formats/model_file.h"
#include "formats/safetensors.h"
#include "formats/strict_json.h"
#include "graph/serialize.h"

namespace frugal {
namespace {

constexpr int kFormat = 1;
constexpr std::string_view kPrefix = "frugal.";

// Every weight of the graph has its tensor, and every tensor is a weight.
void check_weights(const Graph& graph, const Weights& weights) {
  std::size_t used = 0;
  for (const Value& value : graph.values()) {
    if (value.kind != ValueKind::weight) continue;
    auto found = weights.find(value.name);
    require(found != weights.end() && found->second.defined(), "the weight '{}' of the graph has no tensor",
            value.name);
    const Tensor& t = found->second;
    require(t.dtype() == value.type.dtype && t.shape() == fixed_shape(value.type.shape),
            "the weight '{}' must be {}, but its tensor is {}[{}]", value.name, to_string(value.type), name(t.dtype()),
            to_string(t.shape()));
    ++used;
  }
  if (used == weights.size()) return;
  for (const auto& [name, tensor] : weights) {
    ValueId id = graph.find(name);
    require(id != kNone && graph.value(id).kind == ValueKind::weight, "the tensor '{}' is not a weight of the graph",
            name);
  }
}

void check_format(const std::string& text) {
  int format = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), format);
  require(error == std::errc() && end == text.data() + text.size() && format >= 1,
          "its frugal.format is not a number from 1");
  require(format <= kFormat, "it has format {}, newer than {}: use a newer frugal", format, kFormat);
}

}  // namespace

Model model_from_safetensors(SafetensorsFile file) {
  auto format = file.metadata.find("frugal.format"), graph = file.metadata.find("frugal.graph");
  require(format != file.metadata.end() && graph != file.metadata.end(),
          "it holds weights but no network (its metadata has no {}); load it into a network by name",
          format == file.metadata.end() ? "frugal.format" : "frugal.graph");
  check_format(format->second);
  Model model;
  model.graph = graph_from_json(parse_json(graph->second, "the graph"));
  for (auto& [name, tensor] : file.tensors) model.weights.emplace(name, std::move(tensor));
  check_weights(model.graph, model.weights);
  for (auto& [key, value] : file.metadata)
    if (key.starts_with(kPrefix) && key != format->first && key != graph->first)
      model.metadata[key.substr(kPrefix.size())] = std::move(value);
  return model;
}

Model load_model(const std::string& path) {
  SafetensorsFile file = read_safetensors(path);
  return naming_file(path, [&] { return model_from_safetensors(std::move(file)); });
}

void save_model(const std::string& path, const Model& model) {
  std::map<std::string, std::string> metadata;
  naming_file("cannot write " + path, [&] {
    check_weights(model.graph, model.weights);
    for (const auto& [key, value] : model.metadata) {
      require(key != "format" && key != "graph", "the note '{}' would replace the model's own", key);
      metadata[std::string(kPrefix) + key] = value;
    }
    try {
      metadata["frugal.graph"] = to_json(model.graph).dump();
    } catch (const nlohmann::json::exception&) {
      fail("a name in the graph is not UTF-8");
    }
  });
  metadata["frugal.format"] = std::to_string(kFormat);
  write_safetensors(path, {model.weights.begin(), model.weights.end()}, metadata);
}

}  // namespace frugal
