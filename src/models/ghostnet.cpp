// GhostNet (Han, Wang, Tian, Guo, Xu, Xu, CVPR 2020), names of huawei-noah/ghostnet.
#include "graph/builder.h"
#include "models/channels.h"
#include "models/registry.h"

namespace frugal {
namespace {

struct Block {
  std::int64_t kernel, expansion, out, stride;
  double squeeze;  // share of the expanded channels inside squeeze-and-excitation; 0: none
};

using Stage = std::vector<Block>;
const std::vector<Stage>& stages() {
  static const std::vector<Stage> table = {
      {{3, 16, 16, 1, 0}},
      {{3, 48, 24, 2, 0}},
      {{3, 72, 24, 1, 0}},
      {{5, 72, 40, 2, .25}},
      {{5, 120, 40, 1, .25}},
      {{3, 240, 80, 2, 0}},
      {{3, 200, 80, 1, 0}, {3, 184, 80, 1, 0}, {3, 184, 80, 1, 0}, {3, 480, 112, 1, .25}, {3, 672, 112, 1, .25}},
      {{5, 672, 160, 2, .25}},
      {{5, 960, 160, 1, 0}, {5, 960, 160, 1, .25}, {5, 960, 160, 1, 0}, {5, 960, 160, 1, .25}}};
  return table;
}

ValueId conv_bn(GraphBuilder& b, const std::string& conv, const std::string& norm, ValueId x,
                const ConvOptions& options) {
  return b.batch_norm(norm, b.conv2d(conv, x, options));
}

// Half of the channels by a 1x1 convolution, the other half ("ghosts") from those by a depthwise 3x3.
ValueId ghost_module(GraphBuilder& b, const std::string& name, ValueId x, std::int64_t out, bool relu) {
  const std::int64_t primary = (out + 1) / 2;
  auto finish = [&](ValueId y, const std::string& part) {
    return relu ? b.op("relu", {y}, {}, name + part + ".2") : y;
  };
  ValueId own = conv_bn(b, name + ".primary_conv.0", name + ".primary_conv.1", x, {.out = primary});
  own = finish(own, ".primary_conv");
  ValueId ghosts = conv_bn(b, name + ".cheap_operation.0", name + ".cheap_operation.1", own,
                           {.out = primary, .kernel = 3, .groups = primary});
  ghosts = finish(ghosts, ".cheap_operation");
  ValueId all = b.op("concat", {own, ghosts}, {{"axis", 1}}, out % 2 == 0 ? name : "");
  if (out % 2 == 0) return all;
  return b.op("slice", {all}, {{"starts", Ints{0}}, {"ends", Ints{out}}, {"axes", Ints{1}}}, name);
}

ValueId squeeze_excite(GraphBuilder& b, const std::string& name, ValueId x, double share) {
  const std::int64_t channels = b.channels(x), inner = make_divisible(static_cast<double>(channels) * share, 4);
  ValueId y = b.op("global_avg_pool", {x});
  y = b.relu(b.conv2d(name + ".conv_reduce", y, {.out = inner, .bias = true}));
  y = b.conv2d(name + ".conv_expand", y, {.out = channels, .bias = true});
  return b.op("mul", {x, b.op("hard_sigmoid", {y})}, {}, name);
}

ValueId bottleneck(GraphBuilder& b, const std::string& name, ValueId x, const Block& o) {
  ValueId y = ghost_module(b, name + ".ghost1", x, o.expansion, true);
  const std::int64_t mid = o.expansion, in = b.channels(x);
  if (o.stride > 1)
    y = conv_bn(b, name + ".conv_dw", name + ".bn_dw", y,
                {.out = mid, .kernel = o.kernel, .stride = o.stride, .groups = mid});
  if (o.squeeze > 0) y = squeeze_excite(b, name + ".se", y, o.squeeze);
  y = ghost_module(b, name + ".ghost2", y, o.out, false);
  ValueId shortcut = x;
  if (in != o.out || o.stride != 1) {
    const std::string s = name + ".shortcut";
    shortcut = conv_bn(b, s + ".0", s + ".1", x, {.out = in, .kernel = o.kernel, .stride = o.stride, .groups = in});
    shortcut = conv_bn(b, s + ".2", s + ".3", shortcut, {.out = o.out});
  }
  return b.op("add", {y, shortcut}, {}, name);
}

Graph ghostnet(const ModelOptions& o) {
  const double width = real_option(o, "width", 0.01, 16);
  auto scaled = [width](std::int64_t channels) { return make_divisible(static_cast<double>(channels) * width, 4); };
  GraphBuilder b("ghostnet");
  ValueId x = b.image_input(o.channels, o.height, o.width);
  x = conv_bn(b, "conv_stem", "bn1", x, {.out = scaled(16), .kernel = 3, .stride = 2});
  x = b.op("relu", {x}, {}, "act1");
  for (std::size_t i = 0; i < stages().size(); ++i)
    for (std::size_t j = 0; j < stages()[i].size(); ++j) {
      Block block = stages()[i][j];
      block.expansion = scaled(block.expansion);
      block.out = scaled(block.out);
      x = bottleneck(b, "blocks." + std::to_string(i) + "." + std::to_string(j), x, block);
    }
  x = conv_bn(b, "blocks.9.0.conv", "blocks.9.0.bn1", x, {.out = scaled(stages().back().back().expansion)});
  x = b.op("relu", {x}, {}, "blocks.9.0");
  x = b.op("global_avg_pool", {x}, {}, "global_pool");
  x = b.relu(b.conv2d("conv_head", x, {.out = 1280, .bias = true}));
  x = b.op("dropout", {b.flatten(x)}, {{"rate", real_option(o, "dropout", 0, 0.99)}});
  b.output(b.linear("classifier", x, o.classes), "logits");
  return b.finish();
}

}  // namespace

FRUGAL_MODELS(ghostnet) {
  models.add(
      {"ghostnet_100",
       "classify",
       "GhostNet 1.0x for ImageNet (Han et al. 2020), names of the official release",
       {.classes = 1000, .channels = 3, .height = 224, .width = 224, .extra = {{"width", "1"}, {"dropout", "0.2"}}},
       ghostnet});
}

}  // namespace frugal
