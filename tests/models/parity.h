// Networks whose official code was run on weights and inputs that a formula gives (shared/data/parity).
#pragma once

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "graph/builder.h"
#include "models/registry.h"
#include "models/resnet.h"
#include "support/formula.h"
#include "support/reference.h"
#include "support/support.h"

namespace frugal::test {

struct ParityCase {
  std::string name;
  Graph graph;                                 // every value that is compared is an output
  std::string folder, names, references;       // below shared/data/parity
  std::uint32_t crc;                           // of the formula's weights
  std::map<std::string, std::string> outputs;  // graph output -> key of the official output
  Shape input;
  double tolerance, double_tolerance;  // relative to the largest element
  std::string statistics{};            // file with the mean and variance around which some batch norms are made
  FormulaGains gains{};
  std::string beside{};                                            // an official tensor that only a loss needs
  std::map<std::string, Tensor (*)(const Tensor&)> as_official{};  // outputs that the official code lays out otherwise

  std::filesystem::path path(const std::string& file) const {
    return shared_path("data/parity/" + folder + "/" + file);
  }
};
inline std::ostream& operator<<(std::ostream& out, const ParityCase& c) { return out << c.name; }

inline Graph with_outputs(Graph graph, const std::vector<std::string>& values) {
  for (const std::string& value : values) graph.add_output(graph.find(value), value);
  return graph;
}

inline ParityCase ghostnet_case() {
  const std::vector<std::string> blocks = {"blocks.0.0", "blocks.1.0", "blocks.2.0", "blocks.3.0", "blocks.4.0",
                                           "blocks.5.0", "blocks.6.4", "blocks.7.0", "blocks.8.3", "blocks.9.0"};
  std::map<std::string, std::string> outputs{
      {"logits", "logits"}, {"act1", "act1"}, {"global_pool", "global_pool"}, {"conv_head", "conv_head"}};
  std::vector<std::string> taps = {"act1", "global_pool", "conv_head"};
  for (const std::string& block : blocks) {
    outputs[block] = block.substr(0, block.rfind('.'));
    taps.push_back(block);
  }
  return {"ghostnet_100",
          with_outputs(build_network("ghostnet_100"), taps),
          "ghostnet",
          "names_ghostnet_1.0.txt",
          "ghostnet_1.0_224.safetensors",
          0xe97064be,
          outputs,
          {1, 3, 224, 224},
          1e-5,
          1e-7};
}

inline ParityCase cifar_resnet_case(const std::string& depth, std::uint32_t crc) {
  Graph graph = build_network("resnet" + depth + "_cifar10");
  graph = with_outputs(std::move(graph), {"feature"});
  return {"resnet" + depth + "_cifar10",
          std::move(graph),
          "dafl",
          "names_resnet" + depth + "_cifar10.txt",
          "resnet" + depth + "_cifar10.npz",
          crc,
          {{"logits", "logits"}, {"feature", "feature"}},
          {2, 3, 32, 32},
          1e-5,
          1e-6};
}

inline ParityCase lenet_case(const std::string& name, std::uint32_t crc, std::map<std::string, std::string> outputs) {
  return {name,
          with_outputs(build_network(name), {"feature"}),
          "dafl",
          "names_" + name + ".txt",
          "lenet_losses.npz",
          crc,
          std::move(outputs),
          {6, 1, 32, 32},
          1e-5,
          1e-6};
}

// ResNet-50 with the attribute head of Rethinking_of_PAR: mean over the map, linear, batch norm.
inline ParityCase attributes_case() {
  GraphBuilder b("resnet50_linear_bn_35");
  ValueId x =
      resnet_backbone(b, b.image_input(3, 64, 48), {.depths = {3, 4, 6, 3}, .bottleneck = true, .prefix = "backbone."});
  b.output(x, "feature");
  x = b.linear("classifier.logits.0", b.flatten(b.op("global_avg_pool", {x})), 35);
  b.output(b.batch_norm("classifier.logits.1", x), "logits");
  return {"attributes_resnet50",
          b.finish(),
          "attributes",
          "names_resnet50_linear_bn_35.txt",
          "resnet50_linear_bn_35.npz",
          0xe3d491fd,
          {{"logits", "logits"}, {"feature", "feature"}},
          {2, 3, 64, 48},
          1e-5,
          1e-6};
}

inline ParityCase adder_case(const std::string& depth, const std::string& network, std::uint32_t crc,
                             std::vector<std::string> taps, Shape input) {
  std::map<std::string, std::string> outputs{{"logits", "logits"}};
  for (const std::string& tap : taps) outputs[tap] = tap;
  return {network,
          with_outputs(build_network(network, {.height = input[2], .width = input[3]}), taps),
          "adder",
          "names_resnet" + depth + ".txt",
          "resnet" + depth + ".safetensors",
          crc,
          outputs,
          std::move(input),
          1e-4,
          1e-7,
          "resnet" + depth + ".json"};
}

// Rows of box and scores get the objectness of 1 between them that the official code writes.
inline Tensor with_objectness(const Tensor& rows) {
  const Tensor from = rows.to(DType::f64);
  const std::int64_t columns = from.dim(2), count = from.dim(0) * from.dim(1);
  Tensor out(DType::f64, {from.dim(0), from.dim(1), columns + 1});
  const double* x = from.data<double>();
  double* y = out.data<double>();
  for (std::int64_t row = 0; row < count; ++row) {
    std::copy(x, x + 4, y);
    y[4] = 1;
    std::copy(x + 4, x + columns, y + 5);
    x += columns, y += columns + 1;
  }
  return out;
}

// `size`: n, s, m or l, with both heads where the official network has both.
inline ParityCase gold_yolo_case(const std::string& size, std::int64_t height, std::int64_t width, std::uint32_t crc,
                                 double gain) {
  const bool both = size == "n" || size == "s";
  std::map<std::string, std::string> values = {
      {"backbone.ERBlock_5.2.cv" + std::string(both ? "7" : "2"), "c5"},
      {"neck.high_FAM", "high_align"},
      {"neck.conv_1x1_n", "high_global"},
      {"neck.high_IFM.transformer_blocks." + std::string(size == "l" ? "2" : "1"), "high_fused"},
      {"neck.low_IFM.4", "low_global"}};
  const std::string last = both ? ".block.2" : ".cv3";
  values["neck.Rep_p3" + last] = "p3";
  values["neck.Rep_p4" + last] = "p4";
  values["neck.Rep_n4" + last] = "n4";
  values["neck.Rep_n5" + last] = "n5";
  const std::vector<std::string> stages =
      both ? std::vector<std::string>{".block.0", ".block.2", ".block.4"} : std::vector<std::string>(3, ".cv3");
  for (int i = 0; i < 3; ++i)
    values["backbone.ERBlock_" + std::to_string(i + 2) + ".1" + stages[static_cast<std::size_t>(i)]] =
        "c" + std::to_string(i + 2);
  for (const char* level : {".0", ".1", ".2"})
    for (const char* kind : {"cls_logits", "reg_logits", "lrtb"})
      if (both || kind != std::string("lrtb")) values[std::string(kind) + level] = std::string(kind) + level;
  std::vector<std::string> taps;
  for (const auto& [value, key] : values) taps.push_back(value);
  const std::string name = "gold_yolo_" + size, shape = std::to_string(height) + "x" + std::to_string(width);
  Graph graph = build_network(name, {.height = height, .width = width, .extra = {{"head", both ? "both" : "dfl"}}});
  values["rows"] = both ? "decoded_lrtb" : "decoded_dfl";
  if (both) values["rows_dfl"] = "decoded_dfl";
  return {name + "_" + shape,
          with_outputs(std::move(graph), taps),
          "gold_yolo",
          "names_" + size + ".txt",
          size + "_" + shape + ".safetensors",
          crc,
          values,
          {1, 3, height, width},
          1e-5,
          1e-7,
          "",
          {.norm = gain, .prediction = 3},
          "detect.proj",
          {{"rows", with_objectness}, {"rows_dfl", with_objectness}}};
}

inline std::vector<ParityCase> parity_cases() {
  return {
      gold_yolo_case("n", 128, 128, 0x34db32c7, .75),
      gold_yolo_case("n", 192, 128, 0x34db32c7, .75),
      gold_yolo_case("n", 160, 96, 0x34db32c7, .75),
      gold_yolo_case("s", 192, 128, 0x4278feb7, .75),
      gold_yolo_case("s", 160, 96, 0x4278feb7, .75),
      gold_yolo_case("m", 128, 128, 0xa3447984, .68),
      gold_yolo_case("m", 160, 96, 0xa3447984, .68),
      gold_yolo_case("l", 192, 128, 0x72932ba4, 1.05),
      gold_yolo_case("l", 160, 96, 0x72932ba4, 1.05),
      ghostnet_case(),
      adder_case("20", "adder_resnet20_cifar", 0x203cc971,
                 {"conv1", "bn1", "layer1.0.conv1", "layer2.0.conv1", "layer2.0.downsample.0", "avgpool", "fc", "bn2"},
                 {2, 3, 32, 32}),
      adder_case("50", "adder_resnet50", 0xe0b4f6b5,
                 {"conv1", "maxpool", "layer1.0.conv1", "layer2.0.conv1", "layer2.0.downsample.0", "avgpool", "fc"},
                 {1, 3, 96, 96}),
      cifar_resnet_case("18", 0x2627a5a1),
      cifar_resnet_case("34", 0x9fcf4971),
      lenet_case("lenet5", 0x3cd4ebc2, {{"logits", "teacher_logits"}, {"feature", "teacher_feature"}}),
      lenet_case("lenet5_half", 0x638cf077, {{"logits", "student_logits"}}),
      attributes_case()};
}

// README.md, section 1: batch norms behind adder layers lie around the mean and variance that the layers have.
inline Weights parity_weights(const ParityCase& c) {
  Weights weights = formula_weights(read_names(c.path(c.names)), c.gains);
  if (c.statistics.empty()) return weights;
  std::ifstream file(c.path(c.statistics));
  const nlohmann::json statistics = nlohmann::json::parse(file);
  for (const auto& [module, moments] : statistics.at("adder_bn_mean_variance").items()) {
    const double mean = moments[0], variance = moments[1];
    auto fill = [&](const std::string& name, auto value) {
      Tensor& t = weights.at(name);
      const FormulaStream u(name);
      for (std::int64_t i = 0; i < t.numel(); ++i) t.data<float>()[i] = static_cast<float>(value(u(i)));
    };
    fill(module + ".running_mean", [&](double u) { return mean + 0.2 * std::sqrt(variance) * (2 * u - 1); });
    fill(module + ".running_var", [&](double u) { return variance * (0.5 + u); });
  }
  return weights;
}

inline void expect_parity(const ParityCase& c, const std::vector<Tensor>& outputs, double tolerance) {
  std::map<std::string, Reference> references = read_references(c.path(c.references));
  std::size_t compared = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    auto wanted = c.outputs.find(c.graph.output_name(i));
    if (wanted == c.outputs.end()) continue;
    ++compared;
    auto form = c.as_official.find(c.graph.output_name(i));
    const Tensor got = form == c.as_official.end() ? outputs[i] : form->second(outputs[i]);
    EXPECT_TRUE(agrees(got, references.at(wanted->second), tolerance)) << c.graph.output_name(i);
  }
  EXPECT_EQ(compared, c.outputs.size());
}

inline std::string case_name(const testing::TestParamInfo<ParityCase>& info) { return info.param.name; }

}  // namespace frugal::test
