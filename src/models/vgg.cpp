// VGG-16 with batch norm for CIFAR (Simonyan and Zisserman, ICLR 2015, configuration D; one classifier
// layer as usual for 32x32 pictures). Names of torchvision's `features`.
#include <algorithm>

#include "graph/builder.h"
#include "models/registry.h"

namespace frugal {
namespace {

Graph vgg16(const ModelOptions& o) {
  constexpr int kPool = 0;
  constexpr int kLayers[] = {64,    64,  kPool, 128, 128,   kPool, 256, 256, 256,
                             kPool, 512, 512,   512, kPool, 512,   512, 512, kPool};
  const double width = real_option(o, "width", 0.01, 16);
  GraphBuilder b("vgg16_bn_cifar");
  ValueId x = b.image_input(o.channels, o.height, o.width);
  int index = 0;
  auto next = [&] { return "features." + std::to_string(index++); };
  for (int out : kLayers) {
    if (out == kPool) {
      x = b.op("max_pool2d", {x}, {{"kernel", Ints{2, 2}}, {"stride", Ints{2, 2}}}, next());
      continue;
    }
    auto channels = std::max<std::int64_t>(1, static_cast<std::int64_t>(out * width + 0.5));
    x = b.conv2d(next(), x, {.out = channels, .kernel = 3, .bias = true});
    x = b.batch_norm(next(), x);
    x = b.op("relu", {x}, {}, next());
  }
  x = b.flatten(b.op("global_avg_pool", {x}, {}, "avgpool"));
  b.output(b.linear("classifier", x, o.classes), "logits");
  return b.finish();
}

}  // namespace

FRUGAL_MODELS(vgg) {
  models.add({"vgg16_bn_cifar",
              "classify",
              "VGG-16 with batch norm for CIFAR (Simonyan and Zisserman 2015)",
              {.classes = 10, .channels = 3, .height = 32, .width = 32, .extra = {{"width", "1"}}},
              vgg16});
}

}  // namespace frugal
