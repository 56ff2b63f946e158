// The exact parameters and multiply-adds of every built-in network. Sources: greedy_enlarging 3.1,
// instance_sparsity 3, adder_quant 3, dafl 3; torchvision's published counts for the others.
#include "graph/costs.h"

#include <gtest/gtest.h>

#include "models/registry.h"
#include "support/support.h"

namespace frugal {
namespace {

struct Known {
  const char* name;
  std::int64_t params, macs;
};

class NetworkCosts : public testing::TestWithParam<Known> {};

TEST_P(NetworkCosts, AreExact) {
  Costs costs = compute_costs(build_network(GetParam().name));
  EXPECT_EQ(costs.params, GetParam().params);
  EXPECT_EQ(costs.macs, GetParam().macs);
}

INSTANTIATE_TEST_SUITE_P(
    Models, NetworkCosts,
    testing::Values(Known{"lenet5", 61'706, 416'520}, Known{"lenet5_half", 15'738, 133'740},
                    Known{"resnet20_cifar", 272'474, 40'813'184}, Known{"resnet32_cifar", 466'906, 69'124'736},
                    Known{"resnet56_cifar", 855'770, 125'747'840}, Known{"resnet20_cifar_a", 269'722, 40'551'040},
                    Known{"resnet32_cifar_a", 464'154, 68'862'592}, Known{"resnet56_cifar_a", 853'018, 125'485'696},
                    Known{"resnet18_cifar10", 11'173'962, 555'422'720},
                    Known{"resnet34_cifar10", 21'282'122, 1'159'402'496}, Known{"resnet18", 11'689'512, 1'814'073'344},
                    Known{"resnet34", 21'797'672, 3'663'761'408}, Known{"adder_resnet20_cifar", 272'484, 40'813'184},
                    Known{"adder_resnet32_cifar", 466'916, 69'124'736},
                    Known{"adder_vgg_small", 4'660'116, 607'600'640},
                    Known{"adder_resnet50", 25'559'032, 4'089'184'256}, Known{"resnet50", 25'557'032, 4'089'184'256},
                    Known{"vgg16_bn_cifar", 14'728'266, 313'201'664}, Known{"mobilenet_v2", 3'504'872, 300'774'272},
                    Known{"ghostnet_100", 5'182'508, 141'150'512},
                    // 12,464 weights (the paper's count), 173 biases and 172 slopes; 180 x 320 pixels in
                    Known{"fsrcnn_x2", 12'637 + 172, 12'464LL * 180 * 320},
                    // 180 x 320 pixels in; the paper rounds to 1.37M
                    Known{"edsr_baseline_x2", 1'369'859, 79'062'220'800},
                    Known{"deit_tiny", 5'717'416, 1'253'683'200},  // timm's parameters; attention's products counted
                    Known{"yolov8n", 3'157'200, 4'371'993'600}),   // Ultralytics' parameters, DFL's 16 included
    [](const auto& info) { return std::string(info.param.name); });

TEST(NetworkCosts, OfOneHundredClasses) {
  EXPECT_EQ(compute_costs(build_network("resnet34_cifar10", {.classes = 100})).params, 21'328'292);
  EXPECT_EQ(compute_costs(build_network("resnet18_cifar10", {.classes = 100})).params, 11'220'132);
}

std::int64_t macs_under(const Costs& costs, const std::string& prefix) {
  std::int64_t sum = 0;
  for (const LayerCost& layer : costs.layers)
    if (layer.name.starts_with(prefix)) sum += layer.macs;
  return sum;
}

std::vector<std::int64_t> macs_of(const Costs& costs, const std::string& op) {
  std::vector<std::int64_t> out;
  for (const LayerCost& layer : costs.layers)
    if (layer.op == op) out.push_back(layer.macs);
  return out;
}

TEST(NetworkCosts, StagesOfResNet18) {  // instance_sparsity 3
  Costs costs = compute_costs(build_network("resnet18"));
  EXPECT_EQ(macs_under(costs, "layer1."), 4 * 115'605'504);
  EXPECT_EQ(macs_under(costs, "layer1.0.conv1"), 115'605'504);
  for (const char* stage : {"layer2.", "layer3.", "layer4."}) EXPECT_EQ(macs_under(costs, stage), 411'041'792) << stage;
  EXPECT_EQ(macs_under(costs, "fc"), 512'000);
}

TEST(NetworkCosts, LayersOfVgg16) {  // instance_sparsity 3
  Costs costs = compute_costs(build_network("vgg16_bn_cifar"));
  const std::int64_t m18 = 18'874'368, m37 = 37'748'736, m9 = 9'437'184;
  EXPECT_EQ(macs_of(costs, "conv2d"),
            (std::vector<std::int64_t>{1'769'472, m37, m18, m37, m18, m37, m37, m18, m37, m37, m9, m9, m9}));
  EXPECT_EQ(macs_of(costs, "linear"), std::vector<std::int64_t>{5'120});
}

TEST(NetworkOptions, ChangeTheNetwork) {
  Graph graph = build_network("resnet20_cifar",
                              {.classes = 7, .channels = 1, .height = 28, .width = 36, .extra = {{"width", "8"}}});
  EXPECT_EQ(to_string(graph.value(graph.inputs()[0]).type), "float32[batch,1,28,36]");
  EXPECT_EQ(to_string(graph.value(graph.outputs()[0]).type), "float32[batch,7]");
  EXPECT_EQ(to_string(graph.value(graph.find("layer3.2")).type.shape), "batch,32,7,9");
  EXPECT_EQ(compute_costs(build_network("mobilenet_v2", {.extra = {{"width", "0.5"}}})).params,
            1'968'680);  // torchvision
  graph = build_network("ghostnet_100", {.extra = {{"width", "1.3"}}});
  EXPECT_EQ(to_string(graph.value(graph.find("blocks.8.3")).type.shape), "batch,208,7,7");
  EXPECT_EQ(to_string(graph.value(graph.find("blocks.2.0.ghost1")).type.shape),
            "batch,92,56,56");  // 93.6, a multiple of 4
}

TEST(NetworkOptions, AreChecked) {
  EXPECT_ERROR(build_network("resnet18", {.extra = {{"widht", "8"}}}), "it has: width");
  EXPECT_ERROR(build_network("lenet5", {.extra = {{"width", "8"}}}), "no option 'width'");
  for (const char* bad : {"0", "-1", "x", "8x", "", "1e9", "nan"})
    EXPECT_ERROR(build_network("resnet18", {.extra = {{"width", bad}}}), "must be an integer");
  for (const char* bad : {"0", "-1", "nan", "inf", "1,5"})
    EXPECT_ERROR(build_network("mobilenet_v2", {.extra = {{"width", bad}}}), "must be a number");
  EXPECT_ERROR(build_network("resnet81"), "resnet18");
}

TEST(Networks, OfEveryFamilyTakeSmallPicturesAndDescribeThemselves) {
  for (const ModelEntry* entry : ModelRegistry::instance().all()) {
    EXPECT_FALSE(entry->task.empty() || entry->summary.empty()) << entry->name;
    if (entry->task == "generate") continue;  // they take tokens
    EXPECT_EQ(entry->defaults.classes > 0, entry->task != "upscale") << entry->name;
    Graph graph = build_network(entry->name, {.classes = 3, .height = 64, .width = 96});
    if (entry->task == "classify") {
      EXPECT_EQ(to_string(graph.value(graph.outputs()[0]).type.shape), "batch,3") << entry->name;
    }
  }
}

}  // namespace
}  // namespace frugal
