// Residual networks (He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016).
// ImageNet form: names of torchvision. CIFAR form of section 4.2: names of akamaster/pytorch_resnet_cifar10,
// three stages of 16, 32 and 64 channels, and the wider one of DAFL (dafl.md section 3) with four of 64 to 512.
// Adder form: Chen et al., "AdderNet", CVPR 2020, names of huawei-noah/AdderNet.
#include "models/resnet.h"

#include "models/registry.h"

namespace frugal {
namespace {

ValueId zero_pad_shortcut(GraphBuilder& b, ValueId x, std::int64_t out, std::int64_t stride) {
  constexpr std::int64_t kEnd = INT64_MAX;
  if (stride != 1)
    x = b.op(
        "slice", {x},
        {{"starts", Ints{0, 0}}, {"ends", Ints{kEnd, kEnd}}, {"axes", Ints{2, 3}}, {"steps", Ints{stride, stride}}});
  const std::int64_t more = out - b.channels(x), before = more / 2;
  return b.op("pad", {x}, {{"pads", Ints{0, before, 0, 0, 0, more - before, 0, 0}}});
}

ValueId convolve(GraphBuilder& b, const std::string& name, ValueId x, const ConvOptions& options,
                 const ResNetOptions& o) {
  return o.adder ? b.adder_conv2d(name, x, options, o.adder_rule) : b.conv2d(name, x, options);
}

ValueId block(GraphBuilder& b, const std::string& name, ValueId x, std::int64_t width, std::int64_t stride,
              const ResNetOptions& o) {
  const std::int64_t out = o.bottleneck ? 4 * width : width;
  ValueId y = x;
  int part = 0;
  auto layer = [&](std::int64_t channels, std::int64_t kernel, std::int64_t step) {
    const std::string number = std::to_string(++part);
    if (part > 1) y = b.relu(y);
    y = convolve(b, name + ".conv" + number, y, {.out = channels, .kernel = kernel, .stride = step}, o);
    y = b.batch_norm(name + ".bn" + number, y);
  };
  if (o.bottleneck) layer(width, 1, 1);
  layer(width, 3, stride);
  layer(out, o.bottleneck ? 1 : 3, 1);

  ValueId shortcut = x;
  if (stride != 1 || b.channels(x) != out) {
    if (o.shortcut == Shortcut::zero_pad) {
      shortcut = zero_pad_shortcut(b, x, out, stride);
    } else {
      const std::string projection = name + "." + o.projection;
      shortcut = convolve(b, projection + ".0", x, {.out = out, .kernel = 1, .stride = stride}, o);
      shortcut = b.batch_norm(projection + ".1", shortcut);
    }
  }
  return b.op("relu", {b.add(y, shortcut)}, {}, name);
}

ValueId stem(GraphBuilder& b, ValueId x, const ResNetOptions& o, std::int64_t kernel, std::int64_t stride) {
  x = b.conv2d(o.prefix + "conv1", x, {.out = o.width, .kernel = kernel, .stride = stride});
  return b.relu(b.batch_norm(o.prefix + "bn1", x));
}

// A 1x1 convolution on the pooled map with batch norm over the classes.
ValueId adder_head(GraphBuilder& b, ValueId x, std::int64_t classes, bool bias) {
  x = b.op("global_avg_pool", {x}, {}, "avgpool");
  x = b.conv2d("fc", x, {.out = classes, .bias = bias});
  return b.flatten(b.batch_norm("bn2", x));
}

Graph imagenet(const ModelOptions& m, ResNetOptions o) {
  GraphBuilder b("resnet");
  ValueId x = resnet_backbone(b, b.image_input(m.channels, m.height, m.width), o);
  if (o.adder) {
    b.output(adder_head(b, x, m.classes, true), "logits");
    return b.finish();
  }
  x = b.flatten(b.op("global_avg_pool", {x}, {}, "avgpool"));
  b.output(b.linear("fc", x, m.classes), "logits");
  return b.finish();
}

Graph adder_cifar(const ModelOptions& m, ResNetOptions o) {
  GraphBuilder b("adder_resnet_cifar");
  ValueId x = stem(b, b.image_input(m.channels, m.height, m.width), o, 3, 1);
  b.output(adder_head(b, resnet_stages(b, x, o), m.classes, false), "logits");
  return b.finish();
}

Graph cifar(const ModelOptions& m, ResNetOptions o) {
  o.projection = "shortcut";
  GraphBuilder b("resnet_cifar");
  ValueId x = stem(b, b.image_input(m.channels, m.height, m.width), o, 3, 1);
  x = b.op("global_avg_pool", {resnet_stages(b, x, o)}, {}, "avgpool");
  x = b.op("reshape", {x}, {{"shape", Ints{0, -1}}}, "feature");
  b.output(b.linear("linear", x, m.classes), "logits");
  return b.finish();
}

using Build = Graph (*)(const ModelOptions&, ResNetOptions);

void add(ModelRegistry& models, const std::string& name, const std::string& summary, std::int64_t classes,
         std::int64_t size, Build build, const ResNetOptions& o) {
  ModelEntry entry;
  entry.name = name;
  entry.task = "classify";
  entry.summary = summary;
  entry.defaults = {.classes = classes, .channels = 3, .height = size, .width = size};
  entry.defaults.extra["width"] = std::to_string(o.width);
  if (o.adder) entry.defaults.extra.insert({{"gradient", "full"}, {"eta", "0.2"}});
  entry.build = [build, o](const ModelOptions& m) {
    ResNetOptions options = o;
    options.width = static_cast<int>(integer_option(m, "width", 1, 4096));
    if (o.adder)
      options.adder_rule = {{"gradient", Attr(m.extra.at("gradient"))}, {"eta", Attr(real_option(m, "eta", 0, 1e6))}};
    return build(m, options);
  };
  models.add(std::move(entry));
}

void add_imagenet(ModelRegistry& models, const std::string& depth, const ResNetOptions& o) {
  add(models, "resnet" + depth, "ResNet-" + depth + " for ImageNet (He et al. 2016), torchvision names", 1000, 224,
      imagenet, o);
}

void add_cifar(ModelRegistry& models, const std::string& name, const std::string& summary, const ResNetOptions& o) {
  add(models, name, summary, 10, 32, cifar, o);
}

}  // namespace

ValueId resnet_stages(GraphBuilder& b, ValueId x, const ResNetOptions& o) {
  for (std::size_t stage = 0; stage < o.depths.size(); ++stage)
    for (int i = 0; i < o.depths[stage]; ++i) {
      std::string name = o.prefix + "layer" + std::to_string(stage + 1) + "." + std::to_string(i);
      x = block(b, name, x, std::int64_t{o.width} << stage, stage > 0 && i == 0 ? 2 : 1, o);
    }
  return x;
}

ValueId resnet_backbone(GraphBuilder& b, ValueId x, const ResNetOptions& o) {
  x = stem(b, x, o, 7, 2);
  x = b.op("max_pool2d", {x}, {{"kernel", Ints{3, 3}}, {"stride", Ints{2, 2}}, {"padding", Ints{1, 1, 1, 1}}},
           o.prefix + "maxpool");
  return resnet_stages(b, x, o);
}

FRUGAL_MODELS(resnet) {
  add_imagenet(models, "18", {.depths = {2, 2, 2, 2}});
  add_imagenet(models, "34", {.depths = {3, 4, 6, 3}});
  add_imagenet(models, "50", {.depths = {3, 4, 6, 3}, .bottleneck = true});
  for (int blocks : {3, 5, 9}) {
    std::string depth = std::to_string(6 * blocks + 2), name = "resnet" + depth + "_cifar";
    add_cifar(models, name, "ResNet-" + depth + " for CIFAR (He et al. 2016), projection shortcuts",
              {.depths = {blocks, blocks, blocks, 0}, .width = 16});
    add_cifar(models, name + "_a",
              "ResNet-" + depth + " for CIFAR (He et al. 2016), shortcuts without parameters (option A)",
              {.depths = {blocks, blocks, blocks, 0}, .width = 16, .shortcut = Shortcut::zero_pad});
  }
  for (int blocks : {3, 5}) {
    const std::string depth = std::to_string(6 * blocks + 2);
    add(models, "adder_resnet" + depth + "_cifar", "ResNet-" + depth + " for CIFAR of adder layers (Chen et al. 2020)",
        10, 32, adder_cifar, {.depths = {blocks, blocks, blocks, 0}, .width = 16, .adder = true});
  }
  add(models, "adder_resnet18", "ResNet-18 for ImageNet of adder layers (Chen et al. 2020)", 1000, 224, imagenet,
      {.depths = {2, 2, 2, 2}, .adder = true});
  add(models, "adder_resnet50", "ResNet-50 for ImageNet of adder layers (Chen et al. 2020)", 1000, 224, imagenet,
      {.depths = {3, 4, 6, 3}, .bottleneck = true, .adder = true});
  add_cifar(models, "resnet18_cifar10", "ResNet-18 with a 3x3 stem for 32x32 pictures, as in DAFL (Chen et al. 2019)",
            {.depths = {2, 2, 2, 2}});
  add_cifar(models, "resnet34_cifar10", "ResNet-34 with a 3x3 stem for 32x32 pictures, as in DAFL (Chen et al. 2019)",
            {.depths = {3, 4, 6, 3}});
}

}  // namespace frugal
