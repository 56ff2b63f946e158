#include "graph/serialize.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "frugal/error.h"
#include "graph/op.h"
#include "graph/print.h"
#include "models/registry.h"

namespace frugal {
namespace {

using nlohmann::json;

TEST(Serialize, RoundTripIsTheSameText) {
  Graph graph = build_network("resnet18");
  Graph back = graph_from_json(json::parse(to_json(graph).dump()));
  EXPECT_EQ(to_text(back), to_text(graph));
  EXPECT_EQ(to_json(back), to_json(graph));
}

// A reshape and a slice whose sizes are only known at run time.
TEST(Serialize, SymbolicSizesInAttributes) {
  const Dim batch = Dim::symbol("batch"), width = Dim::symbol("width");
  Graph graph("g");
  ValueId x = graph.add_input("x", {DType::f32, {batch, 6, width}});
  ValueId y = graph.add_node("reshape", "y", {x}, {{"shape", SymShape{batch * Dim(2), 3, width}}})[0];
  ValueId z = graph.add_node(
      "slice", "z", {y}, {{"starts", SymShape{Dim(1)}}, {"ends", SymShape{floor_div(width, 2)}}, {"axes", Ints{2}}})[0];
  graph.add_output(z, "z");
  json j = to_json(graph);
  EXPECT_EQ(j["nodes"][0]["attrs"]["shape"], json::array({"2*batch", 3, "width"}));
  EXPECT_EQ(j["nodes"][1]["attrs"]["starts"], json::array({1}));
  Graph back = graph_from_json(json::parse(j.dump()));
  EXPECT_EQ(to_json(back), j);
  EXPECT_EQ(to_string(graph.value(z).type.shape), "2*batch,3,floor((width)/2)-1");
  j["nodes"][0]["attrs"]["shape"][0] = "2*";
  EXPECT_THROW(graph_from_json(j), Error);
}

// Each row breaks one field and expects a word of the sentence.
TEST(Serialize, OpsOfOlderFilesAreReadUnderTheNamesOfToday) {
  Graph graph = graph_from_json(json::parse(R"({"version": 1, "name": "n", "inputs": [{"name": "x", "dtype": "float32",
    "shape": ["n", 12, 3, 5]}], "weights": [], "nodes": [{"op": "pixel_shuffle", "name": "y", "inputs": ["x"],
    "attrs": {"factor": 2}}], "outputs": [{"name": "y", "value": "y"}]})"));
  EXPECT_EQ(graph.node(0).op->name, "depth_to_space");
  EXPECT_EQ(attr_text(graph.node(0), "mode"), "CRD");
  EXPECT_EQ(to_string(graph.value(graph.outputs()[0]).type.shape), "n,3,6,10");
}

TEST(Serialize, EachBrokenFieldIsNamed) {
  struct Row {
    const char* word;
    std::function<void(json&)> broken;
  };
  const Row rows[] = {
      {"version", [](json& j) { j.erase("version"); }},
      {"version", [](json& j) { j["version"] = 0; }},
      {"newer", [](json& j) { j["version"] = 99; }},
      {"name", [](json& j) { j["name"] = 3; }},
      {"inputs", [](json& j) { j["inputs"] = 3; }},
      {"element type", [](json& j) { j["inputs"][0]["dtype"] = "float33"; }},
      {"dim", [](json& j) { j["inputs"][0]["shape"][1] = nullptr; }},
      {"dims",
       [](json& j) {
         j["inputs"][0]["shape"] = json::array({1, 1, 1, 1, 1, 1, 1, 1, 1});
       }},
      {"negative", [](json& j) { j["inputs"][0]["shape"][1] = -3; }},
      {"role", [](json& j) { j["weights"][0]["role"] = "boss"; }},
      {"integer", [](json& j) { j["weights"][0]["shape"][0] = "n"; }},
      {"overflows",
       [](json& j) {
         j["weights"][0]["shape"] = json::array({1ll << 40, 1ll << 40});
       }},
      {"already has a value", [](json& j) { j["weights"].push_back(j["weights"][0]); }},
      {"no op 'conv3d', did you mean 'conv2d'", [](json& j) { j["nodes"][0]["op"] = "conv3d"; }},
      {"does not exist before", [](json& j) { j["nodes"][0]["inputs"][0] = "nobody"; }},
      {"name or null", [](json& j) { j["nodes"][0]["inputs"][0] = 7; }},
      {"attrs", [](json& j) { j["nodes"][0]["attrs"] = 1; }},
      {"no attribute 'strides', did you mean 'stride'",
       [](json& j) {
         j["nodes"][0]["attrs"]["strides"] = {1, 1};
       }},
      {"at least 1",
       [](json& j) {
         j["nodes"][0]["attrs"]["stride"] = {0, 1};
       }},
      {"2 elements",
       [](json& j) {
         j["nodes"][0]["attrs"]["stride"] = {1, 1, 1};
       }},
      {"list of integers",
       [](json& j) {
         j["nodes"][0]["attrs"]["stride"] = {"a", 1};
       }},
      {"already has a node", [](json& j) { j["nodes"].push_back(j["nodes"][0]); }},
      {"does not exist", [](json& j) { j["outputs"][0]["value"] = "nobody"; }},
      {"already has an output", [](json& j) { j["outputs"].push_back(j["outputs"][0]); }},
  };
  const json good = to_json(build_network("resnet18"));
  for (const Row& row : rows) {
    json j = good;
    row.broken(j);
    try {
      graph_from_json(j);
      ADD_FAILURE() << "accepted, expected: " << row.word;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(row.word), std::string::npos) << e.what() << "\nexpected: " << row.word;
    }
  }
}

TEST(Print, PictureShowsEveryNode) {
  Graph graph = build_network("resnet18");
  std::string svg = to_svg(graph);
  std::size_t boxes = 0;
  for (std::size_t at = svg.find("rx='7'"); at != std::string::npos; at = svg.find("rx='7'", at + 1)) ++boxes;
  EXPECT_EQ(boxes, graph.nodes().size() + graph.inputs().size());
}

}  // namespace
}  // namespace frugal
