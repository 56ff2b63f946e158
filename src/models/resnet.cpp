// Residual networks (He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016).
// ImageNet form: names of torchvision. CIFAR form: section 4.2 of the paper.
#include "graph/builder.h"
#include "models/registry.h"

namespace frugal {
namespace {

ValueId basic_block(GraphBuilder& b, const std::string& name, ValueId x, std::int64_t out, std::int64_t stride) {
  ValueId y = b.conv2d(name + ".conv1", x, {.out = out, .kernel = 3, .stride = stride});
  y = b.relu(b.batch_norm(name + ".bn1", y));
  y = b.batch_norm(name + ".bn2", b.conv2d(name + ".conv2", y, {.out = out, .kernel = 3}));
  ValueId shortcut = x;
  if (stride != 1 || b.channels(x) != out) {
    shortcut = b.conv2d(name + ".downsample.0", x, {.out = out, .kernel = 1, .stride = stride});
    shortcut = b.batch_norm(name + ".downsample.1", shortcut);
  }
  return b.relu(b.add(y, shortcut));
}

Graph resnet18(const ModelOptions& o) {
  GraphBuilder b("resnet18");
  ValueId x = b.image_input(o.channels, o.height, o.width);
  x = b.relu(b.batch_norm("bn1", b.conv2d("conv1", x, {.out = 64, .kernel = 7, .stride = 2})));
  x = b.op("max_pool2d", {x}, {{"kernel", Ints{3, 3}}, {"stride", Ints{2, 2}}, {"padding", Ints{1, 1, 1, 1}}});
  for (int stage = 0; stage < 4; ++stage)
    for (int block = 0; block < 2; ++block)
      x = basic_block(b, "layer" + std::to_string(stage + 1) + "." + std::to_string(block), x, 64 << stage,
                      stage > 0 && block == 0 ? 2 : 1);
  x = b.flatten(b.op("global_avg_pool", {x}));
  b.output(b.linear("fc", x, o.classes), "logits");
  return b.finish();
}

}  // namespace

FRUGAL_MODELS(resnet) {
  models.add({"resnet18", "classify", "ResNet-18 for ImageNet (He et al. 2016), torchvision names",
              {.classes = 1000, .channels = 3, .height = 224, .width = 224}, resnet18});
}

}  // namespace frugal
