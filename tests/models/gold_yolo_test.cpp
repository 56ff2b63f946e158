// Gold-YOLO: exact costs, shapes, what an untrained network says, and the deployed form. Figures: the official layers,
// run; the release's own outputs are compared in parity_test.cpp.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <set>
#include <sstream>
#include <tuple>

#include "base/random.h"
#include "formats/weights.h"
#include "frugal/session.h"
#include "graph/costs.h"
#include "graph/initial_weights.h"
#include "graph/op.h"
#include "graph/passes/passes.h"
#include "models/parity.h"

namespace frugal::test {
namespace {

// `size`, or `size` with a head: "n:dfl".
Graph network(const std::string& size, std::int64_t height = 640, std::int64_t width = 640, std::int64_t classes = 0) {
  ModelOptions options{.classes = classes, .height = height, .width = width};
  const std::size_t colon = size.find(':');
  if (colon != std::string::npos) options.extra["head"] = size.substr(colon + 1);
  return build_network("gold_yolo_" + size.substr(0, colon), options);
}

Model untrained(Graph graph) {
  Weights weights = initial_weights(graph, 1);
  return {std::move(graph), std::move(weights), {}};
}

std::int64_t conv_macs(const Graph& graph) {
  std::int64_t sum = 0;
  for (const LayerCost& layer : compute_costs(graph).layers) sum += layer.op == "conv2d" ? layer.macs : 0;
  return sum;
}

std::int64_t count_convolutions(const Graph& graph) {
  return std::count_if(graph.nodes().begin(), graph.nodes().end(),
                       [](const Node& node) { return node.op->name == "conv2d"; });
}

// The official counts of the training and the deployed form hold two copies of the numbers 0 to 16.
constexpr std::int64_t kBinConstants = 34;

struct Counts {
  const char* network;
  std::int64_t train, deployed, folded, macs;
};

class GoldYoloCosts : public testing::TestWithParam<Counts> {};

TEST_P(GoldYoloCosts, AreExact) {
  const Counts& c = GetParam();
  Model model = untrained(network(c.network));
  EXPECT_EQ(compute_costs(model.graph).params + kBinConstants, c.train);
  Model deployed = reparameterize(model);
  EXPECT_EQ(compute_costs(deployed.graph).params + kBinConstants, c.deployed);
  EXPECT_EQ(conv_macs(deployed.graph), c.macs);
  const Graph folded = fold_batch_norm(deployed).graph;
  const std::int64_t factors = std::count_if(folded.values().begin(), folded.values().end(),
                                             [](const Value& v) { return v.name.ends_with(".alpha"); });
  EXPECT_EQ(compute_costs(folded).params - factors, c.folded);
}

// `both`: the head without bins comes on top. The official folded counts leave out the factors of residual branches.
INSTANTIATE_TEST_SUITE_P(Sizes, GoldYoloCosts,
                         testing::Values(Counts{"n:dfl", 6'077'118, 5'639'006, 5'633'564, 6'072'296'000},
                                         Counts{"n:both", 6'078'026, 5'639'914, 5'634'472, 6'072'296'000 + 1'433'600},
                                         Counts{"s:dfl", 23'202'974, 21'546'398, 21'535'868, 23'061'908'800},
                                         Counts{"s:both", 23'204'778, 21'548'202, 21'537'672,
                                                23'061'908'800 + 2'867'200},
                                         Counts{"m", 44'326'806, 41'338'582, 41'319'452, 43'719'489'600},
                                         Counts{"l", 75'114'699, 75'114'699, 75'047'484, 75'836'897'600}),
                         [](const auto& info) {
                           std::string name = info.param.network;
                           std::replace(name.begin(), name.end(), ':', '_');
                           return name;
                         });

TEST(GoldYolo, CostsOfTheReleasedForm) {
  for (auto [size, params, macs] :
       {std::tuple{"n", 5'619'036, 6'048'787'200LL}, std::tuple{"s", 21'507'004, 23'015'462'400LL}}) {
    Model model = fold_batch_norm(reparameterize(untrained(network(size))));
    EXPECT_EQ(compute_costs(model.graph).params, params);
    EXPECT_EQ(conv_macs(model.graph), macs);
    EXPECT_EQ(count_convolutions(model.graph), 95);
  }
  for (auto [side, macs] : {std::pair{320, 1'512'196'800}, {64, 60'487'872}})
    EXPECT_EQ(conv_macs(reparameterize(untrained(network("n", side, side))).graph), macs);
  for (auto [size, macs] : {std::pair{"n", 6'622'227'200}, {"s", 25'201'088'000}, {"m", 47'528'769'600}})
    EXPECT_EQ(conv_macs(network(size)), macs) << size;
}

std::int64_t params_under(const Graph& graph, std::initializer_list<const char*> prefixes) {
  std::int64_t sum = 0;
  for (const Value& value : graph.values())
    for (const char* prefix : prefixes)
      if (value.kind == ValueKind::weight && value.role == WeightRole::parameter && value.name.starts_with(prefix))
        sum += element_count(fixed_shape(value.type.shape));
  return sum;
}

TEST(GoldYolo, ParametersOfEveryModuleOfN) {
  Graph n = reparameterize(untrained(network("n:dfl"))).graph;
  const std::vector<std::pair<const char*, std::int64_t>> modules{
      {"backbone.stem.", 448},           {"backbone.ERBlock_2.", 23'136},    {"backbone.ERBlock_3.", 166'208},
      {"backbone.ERBlock_4.", 959'360},  {"backbone.ERBlock_5.", 1'985'280}, {"neck.low_IFM.", 304'800},
      {"neck.reduce_layer_c5.", 16'512}, {"neck.LAF_p4.", 20'736},           {"neck.Inject_p4.", 12'672},
      {"neck.Rep_p4.", 147'712},         {"neck.reduce_layer_p4.", 2'112},   {"neck.LAF_p3.", 5'248},
      {"neck.Inject_p3.", 3'264},        {"neck.Rep_p3.", 36'992},           {"neck.high_IFM.", 642'560},
      {"neck.conv_1x1_n.", 67'776},      {"neck.Inject_n4.", 12'672},        {"neck.Rep_n4.", 147'712},
      {"neck.Inject_n5.", 49'920},       {"neck.Rep_n5.", 590'336},          {"detect.stems.", 21'952},
      {"detect.cls_convs.", 193'984},    {"detect.reg_convs.", 193'984},     {"detect.cls_preds.", 18'160},
      {"detect.reg_preds.", 15'436}};
  for (const auto& [prefix, params] : modules) EXPECT_EQ(params_under(n, {prefix}), params) << prefix;

  Graph l = network("l");
  const std::vector<std::pair<const char*, std::int64_t>> wide{
      {"backbone.stem.", 1'920},           {"backbone.ERBlock_2.", 329'731},    {"backbone.ERBlock_3.", 2'201'862},
      {"backbone.ERBlock_4.", 12'338'185}, {"backbone.ERBlock_5.", 23'612'419}, {"neck.low_IFM.", 1'440'576},
      {"neck.high_IFM.", 13'585'920},      {"neck.Rep_p4.", 1'906'182},         {"neck.Rep_p3.", 477'958},
      {"neck.Rep_n4.", 1'906'182},         {"neck.Rep_n5.", 7'613'446}};
  for (const auto& [prefix, params] : wide) EXPECT_EQ(params_under(l, {prefix}), params) << prefix;
}

// Backbone, neck and head.
TEST(GoldYolo, CostsOfItsThreeParts) {
  const auto macs_under = [](const Graph& graph, const std::string& prefix) {
    std::int64_t sum = 0;
    for (const LayerCost& layer : compute_costs(graph).layers)
      if (layer.op == "conv2d" && layer.name.starts_with(prefix)) sum += layer.macs;
    return static_cast<double>(sum) * 1e-9;
  };
  struct Parts {
    const char* network;
    std::int64_t backbone, neck, head;
    double backbone_gmacs, neck_gmacs, head_gmacs;
  };
  for (const Parts& p : {Parts{"n:both", 3'134'432, 2'061'024, 444'458, 4.022, 1.623, 0.404},
                         {"s:both", 12'528'576, 7'314'048, 1'705'578, 16.001, 5.460, 1.554},
                         {"m", 23'473'708, 14'083'724, 3'781'150, 30.135, 10.063, 3.522},
                         {"l", 38'484'117, 29'954'904, 6'675'678, 51.767, 17.880, 6.190}}) {
    const Graph graph = reparameterize(untrained(network(p.network))).graph;
    EXPECT_EQ(params_under(graph, {"backbone."}), p.backbone) << p.network;
    EXPECT_EQ(params_under(graph, {"neck."}), p.neck) << p.network;
    EXPECT_EQ(params_under(graph, {"detect."}) + kBinConstants, p.head) << p.network;
    const Graph released = reparameterize(untrained(network(std::string(p.network).substr(0, 1)))).graph;
    const double backbone = macs_under(released, "backbone."), neck = macs_under(released, "neck.");
    EXPECT_NEAR(backbone, p.backbone_gmacs, 6e-4) << p.network;
    EXPECT_NEAR(neck, p.neck_gmacs, 6e-4) << p.network;
    EXPECT_NEAR(macs_under(released, "") - backbone - neck, p.head_gmacs, 6e-4) << p.network;
  }
}

TEST(GoldYolo, ShapesAtEverySize) {
  auto shape = [](const Graph& g, const char* value) { return to_string(g.value(g.find(value)).type.shape); };
  Graph n = network("n");
  for (auto [value, expected] : {std::pair{"neck.low_IFM.4", "batch,96,40,40"},
                                 {"neck.conv_1x1_n", "batch,192,10,10"},
                                 {"neck.Rep_p3.block.2", "batch,32,80,80"},
                                 {"neck.Rep_n4.block.2", "batch,64,40,40"},
                                 {"neck.Rep_n5.block.2", "batch,128,20,20"}})
    EXPECT_EQ(shape(n, value), expected) << value;
  EXPECT_EQ(to_string(n.value(n.outputs()[0]).type.shape), "batch,8400,84");
  for (auto [height, width, rows] :
       {std::tuple{64, 64, 84}, {128, 128, 336}, {96, 96, 189}, {608, 608, 7581}, {32, 32, 21}, {320, 640, 4200}}) {
    Graph g = network("pico", height, width, 3);
    EXPECT_EQ(to_string(g.value(g.outputs()[0]).type.shape), fmt::format("batch,{},7", rows));
  }
  EXPECT_EQ(shape(network("pico", 608, 608, 3), "neck.high_FAM"), "batch,176,10,10");
}

TEST(GoldYolo, RefusesWhatItCannotBe) {
  EXPECT_ERROR(network("n", 600, 640), "multiple of 32");
  EXPECT_ERROR(network("n:anchors"), "dfl, lrtb, both, anchor_aided");
}

const float* row(const Tensor& rows, std::int64_t i) { return rows.data<float>() + i * rows.dim(2); }

// Before training every class has the score 0.01, and every side the distance of 8 strides (or 1, without bins).
TEST(GoldYolo, WhatItSaysUntrained) {
  Session session(untrained(network("pico:both", 128, 128, 5)));
  std::vector<Tensor> out = session.run({random_tensor({2, 3, 128, 128})});
  ASSERT_EQ(out.size(), 2u);
  for (std::size_t head : {0u, 1u}) {
    ASSERT_EQ(out[head].shape(), (Shape{2, 336, 9}));
    for (std::int64_t i = 0; i < 672; ++i)
      for (int c = 4; c < 9; ++c) ASSERT_NEAR(row(out[head], i)[c], 0.01, 1e-7);
  }
  for (auto [first, stride] : {std::pair{0, 8}, {256, 16}, {320, 32}}) {
    const auto s = static_cast<float>(stride);
    for (std::size_t head : {0u, 1u}) {
      const float size = head == 0 ? 2 * s : 16 * s;
      const float* r = row(out[head], first);
      for (auto [column, expected] : {std::pair{0, s / 2}, {1, s / 2}, {2, size}, {3, size}})
        EXPECT_NEAR(r[column], expected, 1e-3) << head << ", stride " << stride << ", column " << column;
      EXPECT_NEAR(row(out[head], first + 1)[0], 1.5f * s, 1e-3);  // the next cell lies to the right
      EXPECT_NEAR(row(out[head], first + 1)[1], 0.5f * s, 1e-3);
    }
  }
}

// Statistics that training would leave behind.
Model randomised(Graph graph) {
  Model model = untrained(std::move(graph));
  RandomStream random(5, "test");
  for (auto& [name, tensor] : model.weights) {
    const bool mean = name.ends_with("running_mean"),
               norm = name.ends_with("running_var") || (name.ends_with(".weight") && tensor.rank() == 1),
               prediction = name.find("_preds") != std::string::npos;
    if (!mean && !norm && !prediction) continue;
    tensor = tensor.to(DType::f32);
    for (std::int64_t i = 0; i < tensor.numel(); ++i)
      tensor.data<float>()[i] = norm ? random.uniform(0.5f, 1.5f) : random.uniform(-0.2f, 0.2f);
  }
  return model;
}

TEST(GoldYolo, DeployedFormGivesTheSameRows) {
  for (const char* size : {"n", "pico"}) {
    Model model = randomised(network(size, 128, 96));
    Tensor picture = random_tensor({1, 3, 128, 96});
    SessionOptions plain{.threads = 2, .optimize = false, .isa = "avx2"};
    std::vector<Tensor> want = Session(model, plain).run({picture});
    std::vector<Tensor> got = Session(fold_batch_norm(reparameterize(model)), plain).run({picture});
    for (std::int64_t i = 0; i < want[0].dim(1); ++i)
      for (std::int64_t c = 0; c < want[0].dim(2); ++c)
        ASSERT_NEAR(row(got[0], i)[c], row(want[0], i)[c], c < 4 ? 1e-3 : 3e-6) << size << " row " << i << "," << c;
  }
}

// Batch norms of the injection and of the transformer have another eps than the others: with a variance of 0.001 a
// wrong one would change weights by 41%.
TEST(GoldYolo, FoldsWithTheEpsOfEachBatchNorm) {
  Model model = untrained(network("pico", 64, 64));
  for (auto& [name, tensor] : model.weights)
    if (name.ends_with("running_var"))
      for (std::int64_t i = 0; i < tensor.numel(); ++i) tensor.data<float>()[i] = 1e-3f;
  Model folded = fold_batch_norm(reparameterize(model));
  auto ratio = [&](const std::string& before, const std::string& after) {
    return folded.weights.at(after).data<float>()[0] / model.weights.at(before).data<float>()[0];
  };
  for (const char* name : {"neck.Inject_p4.global_act.conv.weight", "neck.Inject_n5.local_embedding.conv.weight",
                           "neck.high_IFM.transformer_blocks.1.attn.to_v.c.weight"})
    EXPECT_NEAR(ratio(name, name), 1 / std::sqrt(1e-3 + 1e-5), 1e-4) << name;
  for (const char* name : {"neck.reduce_layer_c5.conv.weight", "detect.stems.0.conv.weight"})
    EXPECT_NEAR(ratio(name, name), 1 / std::sqrt(2e-3), 1e-4) << name;
  EXPECT_NEAR(ratio("backbone.stem.rbr_dense.conv.weight", "backbone.stem.rbr_reparam.weight"), 1 / std::sqrt(2e-3),
              1e-4);
}

// The deployed tensors are those of the official merge: sum and length of each. It leaves the batch norms of the
// injection, of the transformer and of the outer fusion convolutions; so these are compared before folding.
TEST(GoldYolo, DeployedTensorsAreTheOfficialOnes) {
  for (const ParityCase& c : {gold_yolo_case("n", 128, 128, 0, .75), gold_yolo_case("m", 160, 96, 0, .68)}) {
    const std::filesystem::path file = c.path("merged_" + c.name.substr(10, 1) + ".txt");
    FRUGAL_SKIP_WITHOUT(file);
    Model merged = reparameterize({c.graph, match_weights(c.graph, parity_weights(c), c.names), {}});
    Model folded = fold_batch_norm(merged);
    std::ifstream in(file);
    std::set<std::string> names;
    std::vector<std::tuple<std::string, double, double>> lines;
    for (std::string line; std::getline(in, line);) {
      std::istringstream words(line);
      std::string name, shape;
      double sum = 0, length = 0;
      if (line.starts_with("#") || !(words >> name >> shape >> sum >> length)) continue;
      names.insert(name);
      lines.emplace_back(name, sum, length);
    }
    std::size_t compared = 0;
    for (const auto& [name, sum, length] : lines) {
      std::string norm = name.substr(0, name.rfind('.'));
      norm = norm.substr(0, norm.rfind('.')) + ".bn.weight";
      const Model& model = names.contains(norm) ? merged : folded;
      auto found = model.weights.find(name);
      if (found == model.weights.end()) {
        EXPECT_EQ(name, "detect.proj");
        continue;
      }
      double got = 0, square = 0;
      for (std::int64_t i = 0; i < found->second.numel(); ++i) {
        const double x = found->second.data<float>()[i];
        got += x, square += x * x;
      }
      const double tolerance = 1e-5 * length * std::sqrt(static_cast<double>(found->second.numel()));
      EXPECT_NEAR(got, sum, tolerance) << name;
      EXPECT_NEAR(std::sqrt(square), length, tolerance) << name;
      ++compared;
    }
    EXPECT_GT(compared, 200u);
  }
}

}  // namespace
}  // namespace frugal::test
