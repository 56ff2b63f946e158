// MobileNetV2 (Sandler, Howard, Zhu, Zhmoginov, Chen, CVPR 2018), names of torchvision.
#include <algorithm>

#include "graph/builder.h"
#include "models/channels.h"
#include "models/registry.h"

namespace frugal {
namespace {

ValueId conv_bn(GraphBuilder& b, const std::string& conv, const std::string& norm, ValueId x,
                const ConvOptions& options) {
  return b.batch_norm(norm, b.conv2d(conv, x, options));
}

ValueId conv_bn_relu6(GraphBuilder& b, const std::string& name, ValueId x, const ConvOptions& options) {
  return b.op("relu6", {conv_bn(b, name + ".0", name + ".1", x, options)}, {}, name + ".2");
}

ValueId inverted_residual(GraphBuilder& b, const std::string& name, ValueId x, std::int64_t expansion, std::int64_t out,
                          std::int64_t stride) {
  const std::int64_t in = b.channels(x), hidden = in * expansion;
  int part = 0;
  auto next = [&] { return name + ".conv." + std::to_string(part++); };
  ValueId y = x;
  if (expansion != 1) y = conv_bn_relu6(b, next(), y, {.out = hidden});
  y = conv_bn_relu6(b, next(), y, {.out = hidden, .kernel = 3, .stride = stride, .groups = hidden});
  std::string conv = next(), norm = next();
  y = conv_bn(b, conv, norm, y, {.out = out});
  return stride == 1 && in == out ? b.op("add", {x, y}, {}, name) : y;
}

Graph mobilenet_v2(const ModelOptions& o) {
  struct Stage {
    std::int64_t expansion, channels, blocks, stride;
  };
  constexpr Stage kStages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                               {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
  const double width = real_option(o, "width", 0.01, 16);
  GraphBuilder b("mobilenet_v2");
  int index = 0;
  auto next = [&] { return "features." + std::to_string(index++); };
  ValueId x = b.image_input(o.channels, o.height, o.width);
  x = conv_bn_relu6(b, next(), x, {.out = make_divisible(32 * width, 8), .kernel = 3, .stride = 2});
  for (const Stage& stage : kStages)
    for (std::int64_t i = 0; i < stage.blocks; ++i)
      x = inverted_residual(b, next(), x, stage.expansion,
                            make_divisible(static_cast<double>(stage.channels) * width, 8), i == 0 ? stage.stride : 1);
  x = conv_bn_relu6(b, next(), x, {.out = make_divisible(1280 * std::max(1.0, width), 8)});
  x = b.flatten(b.op("global_avg_pool", {x}));
  x = b.op("dropout", {x}, {{"rate", real_option(o, "dropout", 0, 0.99)}});
  b.output(b.linear("classifier.1", x, o.classes, true, {Init::Kind::normal, 0.01, false}), "logits");
  return b.finish();
}

}  // namespace

FRUGAL_MODELS(mobilenet) {
  models.add(
      {"mobilenet_v2",
       "classify",
       "MobileNetV2 for ImageNet (Sandler et al. 2018), torchvision names",
       {.classes = 1000, .channels = 3, .height = 224, .width = 224, .extra = {{"width", "1"}, {"dropout", "0.2"}}},
       mobilenet_v2});
}

}  // namespace frugal
