#include "formats/model_file.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "formats/format_test.h"
#include "formats/strict_json.h"
#include "graph/builder.h"
#include "graph/initial_weights.h"
#include "graph/print.h"

namespace frugal {
namespace {

using namespace test;
using nlohmann::json;

// Convolution, batch norm, pooling and a linear layer: every kind of weight role.
Model tiny() {
  GraphBuilder b("tiny");
  ValueId x = b.image_input(1, 6, 6);
  x = b.relu(b.batch_norm("bn", b.conv2d("conv", x, {.out = 2, .kernel = 3})));
  b.output(b.linear("fc", b.flatten(b.op("global_avg_pool", {x})), 3), "logits");
  Model model{.graph = b.finish(), .weights = {}, .metadata = {}};
  model.weights = initial_weights(model.graph, 1);
  model.metadata = {{"labels", R"(["a","b","c"])"}, {"recipe", "seed 1"}};
  return model;
}

void expect_same(const Model& a, const Model& b) {
  EXPECT_EQ(to_text(a.graph), to_text(b.graph));
  EXPECT_EQ(a.metadata, b.metadata);
  ASSERT_EQ(a.weights.size(), b.weights.size());
  for (const auto& [name, tensor] : a.weights) EXPECT_TRUE(same(tensor, b.weights.at(name))) << name;
}

TEST(ModelFile, RoundTrip) {
  TempDir dir;
  Model model = tiny();
  save_model(dir / "m.safetensors", model);
  Model back = load_model(dir / "m.safetensors");
  expect_same(model, back);
  std::string first = read_file(dir / "m.safetensors");
  save_model(dir / "m.safetensors", back);
  EXPECT_EQ(read_file(dir / "m.safetensors"), first);
}

// The files in tests/data/models/vN were written by the version that introduced format N. They are
// never written again: each must load for ever, with the values it had then.
TEST(ModelFile, FilesOfEveryVersionLoad) {
  Model model = load_model(source_dir() / "tests/data/models/v1/tiny.safetensors");
  EXPECT_EQ(model.graph.name(), "tiny");
  EXPECT_EQ(model.graph.nodes().size(), 6u);
  EXPECT_EQ(model.metadata, (std::map<std::string, std::string>{{"labels", R"(["a","b","c"])"}, {"recipe", "seed 1"}}));
  EXPECT_EQ(model.weights.size(), 7u);
  EXPECT_EQ(model.weights.at("conv.weight").shape(), (Shape{2, 1, 3, 3}));
  for (int i = 0; i < 18; ++i)
    EXPECT_EQ(model.weights.at("conv.weight").data<float>()[i], static_cast<float>(i - 9) / 8);
  EXPECT_EQ(model.weights.at("fc.bias").data<float>()[2], 3);
}

SafetensorsFile file_of(const Model& model) {
  TempDir dir;
  save_model(dir / "m", model);
  return read_safetensors(dir / "m");
}

TEST(ModelFile, RefusesEachBrokenField) {
  struct Row {
    const char* word;
    std::function<void(SafetensorsFile&)> broken;
  };
  auto in_graph = [](std::function<void(json&)> change) {
    return [change](SafetensorsFile& f) {
      json graph = json::parse(f.metadata["frugal.graph"]);
      change(graph);
      f.metadata["frugal.graph"] = graph.dump();
    };
  };
  const Row rows[] = {
      {"no frugal.format", [](auto& f) { f.metadata.clear(); }},
      {"no frugal.graph", [](auto& f) { f.metadata.erase("frugal.graph"); }},
      {"frugal.format is not", [](auto& f) { f.metadata["frugal.format"] = "one"; }},
      {"frugal.format is not", [](auto& f) { f.metadata["frugal.format"] = "1x"; }},
      {"frugal.format is not", [](auto& f) { f.metadata["frugal.format"] = "0"; }},
      {"frugal.format is not", [](auto& f) { f.metadata["frugal.format"] = "99999999999"; }},
      {"newer", [](auto& f) { f.metadata["frugal.format"] = "2"; }},
      {"not valid JSON", [](auto& f) { f.metadata["frugal.graph"] = "{"; }},
      {"duplicate key 'name'", [](auto& f) { f.metadata["frugal.graph"].insert(1, "\"name\":\"x\","); }},
      {"nested deeper", [](auto& f) { f.metadata["frugal.graph"] = std::string(100'000, '['); }},
      {"above the limit", [](auto& f) { f.metadata["frugal.graph"] += std::string(33u << 20, ' '); }},
      {"must be an object", [](auto& f) { f.metadata["frugal.graph"] = "[]"; }},
      {"no op 'conv3d'", in_graph([](json& j) { j["nodes"][0]["op"] = "conv3d"; })},
      {"'fc.bias' of the graph has no tensor", [](auto& f) { f.tensors.erase("fc.bias"); }},
      {"'extra' is not a weight", [](auto& f) { f.tensors["extra"] = Tensor::scalar(1.f); }},
      {"'input' is not a weight", [](auto& f) { f.tensors["input"] = Tensor::scalar(1.f); }},
      {"must be float32[3]", [](auto& f) { f.tensors["fc.bias"] = Tensor(DType::f32, {4}); }},
      {"must be float32[3]", [](auto& f) { f.tensors["fc.bias"] = Tensor(DType::f16, {3}); }},
      {"above 274877906944", in_graph([](json& j) {
         j["weights"][0]["shape"] = {1, 1ll << 62, 1, 1};
       })},
      {"above 274877906944", in_graph([](json& j) {
         j["inputs"][0]["shape"] = {1, 1, 1ll << 62, 1};
       })},
      {"more than 8 dims",
       in_graph([](json& j) { j["nodes"][4]["attrs"]["shape"] = {1, 1, 1, 1, 1, 1, 1, 1, 1, -1}; })},
      {"more than 4096 outputs", in_graph([](json& j) {
         for (int i = 0; i < 5000; ++i) j["outputs"].push_back({{"name", std::to_string(i)}, {"value", "fc"}});
       })},
      {"conv", in_graph([](json& j) { j["weights"][0]["shape"][1] = 5; })},
  };
  const SafetensorsFile good = file_of(tiny());
  expect_same(model_from_safetensors(good), tiny());
  for (const Row& row : rows) {
    SCOPED_TRACE(row.word);
    SafetensorsFile file = good;
    row.broken(file);
    EXPECT_ERROR(model_from_safetensors(file), row.word);
  }
}

TEST(ModelFile, MetadataOfOtherToolsAreIgnored) {
  SafetensorsFile file = file_of(tiny());
  file.metadata["format"] = "pt";
  expect_same(model_from_safetensors(file), tiny());
}

TEST(ModelFile, BadModelsAreNotSaved) {
  TempDir dir;
  Model model = tiny();
  model.metadata["graph"] = "x";
  EXPECT_ERROR(save_model(dir / "m", model), "would replace");
  model = tiny();
  model.weights.erase("fc.bias");
  EXPECT_ERROR(save_model(dir / "m", model), "m: the weight 'fc.bias'");
  EXPECT_FALSE(std::filesystem::exists(dir / "m"));
  EXPECT_ERROR(load_model(dir / "m"), "No such file");
}

TEST(StrictJson, Limits) {
  EXPECT_EQ(parse_json(R"({"a":[1,{"a":2}]})", "it")["a"][1]["a"], 2);
  EXPECT_ERROR(parse_json("[1,2", "it"), "it is not valid JSON");
  EXPECT_ERROR(parse_json("[] x", "it"), "it is not valid JSON");
  EXPECT_ERROR(parse_json("[[[1]]]", "it", 100, 2), "deeper than 2");
  EXPECT_ERROR(parse_json("[1,2,3]", "it", 3), "above the limit of 3");
  EXPECT_ERROR(parse_json(R"({"a":1,"b":{"c":1,"c":2}})", "it"), "duplicate key 'c'");
}

}  // namespace
}  // namespace frugal
