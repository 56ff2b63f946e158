// VGG-16 with batch norm for CIFAR (Simonyan and Zisserman, ICLR 2015, configuration D; one classifier
// layer as usual for 32x32 pictures). Names of torchvision's `features`. VGG-small of adder layers: Chen et al.,
// "AdderNet", CVPR 2020.
#include <algorithm>
#include <initializer_list>

#include "graph/builder.h"
#include "models/registry.h"

namespace frugal {
namespace {

constexpr int kPool = 0;

// Layers of 3x3 with batch norm and ReLU, and poolings, numbered in one row: widths of channels, or kPool.
class Features {
 public:
  Features(GraphBuilder& b, double width, bool adder) : b_(b), width_(width), adder_(adder) {}

  ValueId operator()(ValueId x, std::initializer_list<int> layers) {
    for (int out : layers)
      x = out == kPool ? b_.op("max_pool2d", {x}, {{"kernel", Ints{2, 2}}, {"stride", Ints{2, 2}}}, next())
                       : layer(x, std::max<std::int64_t>(1, static_cast<std::int64_t>(out * width_ + 0.5)));
    return x;
  }

 private:
  std::string next() { return "features." + std::to_string(index_++); }

  ValueId layer(ValueId x, std::int64_t channels) {
    const ConvOptions options{.out = channels, .kernel = 3, .bias = !adder_};
    x = adder_ && index_ > 0 ? b_.adder_conv2d(next(), x, options) : b_.conv2d(next(), x, options);
    x = b_.batch_norm(next(), x);
    return b_.op("relu", {x}, {}, next());
  }

  GraphBuilder& b_;
  double width_;
  bool adder_;
  int index_ = 0;
};

Graph vgg16(const ModelOptions& o) {
  GraphBuilder b("vgg16_bn_cifar");
  Features features(b, real_option(o, "width", 0.01, 16), false);
  ValueId x =
      features(b.image_input(o.channels, o.height, o.width),
               {64, 64, kPool, 128, 128, kPool, 256, 256, 256, kPool, 512, 512, 512, kPool, 512, 512, 512, kPool});
  x = b.flatten(b.op("global_avg_pool", {x}, {}, "avgpool"));
  b.output(b.linear("classifier", x, o.classes), "logits");
  return b.finish();
}

// As in the other adder networks the first layer and the classifier multiply, and batch norm follows the classifier.
Graph adder_vgg_small(const ModelOptions& o) {
  GraphBuilder b("adder_vgg_small");
  Features features(b, real_option(o, "width", 0.01, 16), true);
  ValueId x =
      features(b.image_input(o.channels, o.height, o.width), {128, 128, kPool, 256, 256, kPool, 512, 512, kPool});
  x = b.linear("fc", b.flatten(x), o.classes, false);
  b.output(b.batch_norm("bn", x), "logits");
  return b.finish();
}

}  // namespace

FRUGAL_MODELS(vgg) {
  models.add({"vgg16_bn_cifar",
              "classify",
              "VGG-16 with batch norm for CIFAR (Simonyan and Zisserman 2015)",
              {.classes = 10, .channels = 3, .height = 32, .width = 32, .extra = {{"width", "1"}}},
              vgg16});
  models.add({"adder_vgg_small",
              "classify",
              "VGG-small for CIFAR of adder layers (Chen et al. 2020)",
              {.classes = 10, .channels = 3, .height = 32, .width = 32, .extra = {{"width", "1"}}},
              adder_vgg_small});
}

}  // namespace frugal
