#include "graph/serialize.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "graph/op.h"

namespace frugal {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr std::size_t kMaxItems = 1'000'000;  // nodes, weights: far above any network, far below trouble
constexpr const char* kRoles[] = {"parameter", "buffer", "constant"};

json shape_to_json(const SymShape& shape) {
  json out = json::array();
  for (const Dim& d : shape) out.push_back(d.fixed() ? json(d.value()) : json(d.text()));
  return out;
}

json attr_to_json(const Attr& attr) {
  if (auto* dims = std::get_if<SymShape>(&attr.value)) return shape_to_json(*dims);
  return std::visit(
      [](const auto& v) {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, SymShape>)
          return json();
        else
          return json(v);
      },
      attr.value);
}

json node_to_json(const Graph& graph, const Node& node) {
  json inputs = json::array(), attrs = json::object();
  for (ValueId id : node.inputs) inputs.push_back(id == kNone ? json(nullptr) : json(graph.value(id).name));
  for (const AttrSpec& spec : node.op->attrs) {
    const Attr& attr = attribute(node, spec.name);
    if (!spec.fallback || !(attr == *spec.fallback)) attrs[spec.name] = attr_to_json(attr);
  }
  return {{"op", node.op->name}, {"name", node.name}, {"inputs", inputs}, {"attrs", attrs}};
}

// Access with sentences instead of the library's exceptions.
const json& field(const json& object, const char* key, const std::string& where) {
  require(object.is_object(), "{} must be an object", where);
  auto found = object.find(key);
  require(found != object.end(), "{} has no field '{}'", where, key);
  return *found;
}

std::string text(const json& object, const char* key, const std::string& where) {
  const json& j = field(object, key, where);
  require(j.is_string(), "field '{}' of {} must be a text", key, where);
  return j.get<std::string>();
}

const json& list(const json& object, const char* key, const std::string& where) {
  const json& j = field(object, key, where);
  require(j.is_array() && j.size() <= kMaxItems, "field '{}' of {} must be a list of at most {} elements", key, where,
          kMaxItems);
  return j;
}

SymShape shape_from_json(const json& j, bool symbols, const std::string& where) {
  SymShape shape;
  require(j.size() <= kMaxRank, "{} has more than {} dims", where, kMaxRank);
  for (const json& d : j) {
    if (d.is_number_integer()) {
      shape.emplace_back(d.get<std::int64_t>());
    } else {
      require(symbols && d.is_string() && !d.get_ref<const std::string&>().empty(),
              "a dim in the shape of {} must be {}", where, symbols ? "an integer or a name" : "an integer");
      shape.push_back(Dim::symbol(d.get<std::string>()));
    }
  }
  return shape;
}

Attr attr_from_json(const json& j, const std::string& where) {
  if (j.is_boolean()) return Attr(j.get<bool>());
  if (j.is_number_integer()) return Attr(j.get<std::int64_t>());
  if (j.is_number()) return Attr(j.get<double>());
  if (j.is_string()) return Attr(j.get<std::string>());
  require(j.is_array() && j.size() <= kMaxItems, "{} must be a number, text, truth value or list of numbers", where);
  if (std::any_of(j.begin(), j.end(), [](const json& e) { return e.is_string(); })) {
    SymShape dims;
    for (const json& e : j) {
      require(e.is_string() || e.is_number_integer(), "{} must be a list of numbers and sizes", where);
      if (e.is_string())
        dims.push_back(Dim::parse(e.get_ref<const std::string&>()));
      else
        dims.emplace_back(e.get<std::int64_t>());
    }
    return Attr(std::move(dims));
  }
  bool integers = true;
  for (const json& e : j) {
    require(e.is_number(), "{} must be a list of numbers", where);
    integers = integers && e.is_number_integer();
  }
  return integers ? Attr(j.get<Ints>()) : Attr(j.get<Floats>());
}

// What ops of older files are called today.
void modernise(std::string& op, Attrs& attrs) {
  if (op != "pixel_shuffle") return;
  op = "depth_to_space";
  if (auto factor = attrs.extract("factor")) {
    factor.key() = "block";
    attrs.insert(std::move(factor));
  }
  attrs["mode"] = "CRD";
}

void read_node(Graph& graph, const json& j, const std::string& where) {
  std::string op = text(j, "op", where), name = text(j, "name", where);
  std::string here = "node '" + name + "'";
  std::vector<ValueId> inputs;
  for (const json& in : list(j, "inputs", here)) {
    require(in.is_null() || in.is_string(), "an input of {} must be a name or null", here);
    inputs.push_back(in.is_null() ? kNone : graph.find(in.get_ref<const std::string&>()));
    require(in.is_null() || inputs.back() != kNone, "{} uses the value '{}', which does not exist before it", here,
            in.is_null() ? "" : in.get_ref<const std::string&>());
  }
  Attrs attrs;
  const json& given = field(j, "attrs", here);
  require(given.is_object(), "field 'attrs' of {} must be an object", here);
  for (const auto& [key, value] : given.items())
    attrs[key] = attr_from_json(value, "attribute '" + key + "' of " + here);
  modernise(op, attrs);
  graph.add_node(op, name, std::move(inputs), std::move(attrs));
}

}  // namespace

json to_json(const Graph& graph) {
  json inputs = json::array(), weights = json::array(), nodes = json::array(), outputs = json::array();
  for (ValueId id : graph.inputs()) {
    const Value& v = graph.value(id);
    inputs.push_back({{"name", v.name}, {"dtype", name(v.type.dtype)}, {"shape", shape_to_json(v.type.shape)}});
  }
  for (const Value& v : graph.values())
    if (v.kind == ValueKind::weight)
      weights.push_back({{"name", v.name},
                         {"dtype", name(v.type.dtype)},
                         {"shape", shape_to_json(v.type.shape)},
                         {"role", kRoles[static_cast<std::size_t>(v.role)]}});
  for (const Node& node : graph.nodes()) nodes.push_back(node_to_json(graph, node));
  for (std::size_t i = 0; i < graph.outputs().size(); ++i)
    outputs.push_back({{"name", graph.output_name(i)}, {"value", graph.value(graph.outputs()[i]).name}});
  return {{"version", kVersion}, {"name", graph.name()}, {"inputs", inputs},
          {"weights", weights},  {"nodes", nodes},       {"outputs", outputs}};
}

Graph graph_from_json(const json& j) {
  const std::string whole = "the graph";
  const json& version = field(j, "version", whole);
  require(version.is_number_integer() && version.get<std::int64_t>() >= 1,
          "field 'version' of the graph must be a number from 1");
  require(version.get<std::int64_t>() <= kVersion, "the graph has version {}, newer than {}: use a newer frugal",
          version.get<std::int64_t>(), kVersion);
  Graph graph(text(j, "name", whole));
  for (const json& in : list(j, "inputs", whole)) {
    std::string name = text(in, "name", "an input");
    graph.add_input(name, {dtype_from_name(text(in, "dtype", "input '" + name + "'")),
                           shape_from_json(list(in, "shape", "input '" + name + "'"), true, "input '" + name + "'")});
  }
  for (const json& w : list(j, "weights", whole)) {
    std::string name = text(w, "name", "a weight"), where = "weight '" + name + "'", role = text(w, "role", where);
    auto found = std::find(std::begin(kRoles), std::end(kRoles), role);
    require(found != std::end(kRoles), "the role of {} is '{}', but must be parameter, buffer or constant", where,
            role);
    graph.add_weight(name, dtype_from_name(text(w, "dtype", where)),
                     fixed_shape(shape_from_json(list(w, "shape", where), false, where)),
                     static_cast<WeightRole>(found - kRoles));
  }
  std::size_t i = 0;
  for (const json& node : list(j, "nodes", whole)) read_node(graph, node, "node number " + std::to_string(i++));
  for (const json& out : list(j, "outputs", whole)) {
    std::string name = text(out, "name", "an output"), value = text(out, "value", "output '" + name + "'");
    ValueId id = graph.find(value);
    require(id != kNone, "output '{}' is the value '{}', which does not exist", name, value);
    graph.add_output(id, name);
  }
  return graph;
}

}  // namespace frugal
