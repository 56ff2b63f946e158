// LeNet-5 (LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998)
// in the form of DAFL (dafl.md section 3), with its names: ReLU, max pooling, a third convolution.
#include "graph/builder.h"
#include "models/registry.h"

namespace frugal {
namespace {

constexpr Init kTorchDefault{Init::Kind::torch_default, 0, false};

ValueId conv_relu(GraphBuilder& b, const std::string& name, ValueId x, std::int64_t out) {
  return b.relu(b.conv2d(name, x, {.out = out, .kernel = 5, .padding = 0, .bias = true, .init = kTorchDefault}));
}

ValueId halve(GraphBuilder& b, ValueId x) {
  return b.op("max_pool2d", {x}, {{"kernel", Ints{2, 2}}, {"stride", Ints{2, 2}}});
}

Graph lenet(const ModelOptions& o, std::int64_t c1, std::int64_t c2, std::int64_t c3, std::int64_t hidden) {
  GraphBuilder b("lenet5");
  ValueId x = b.image_input(o.channels, o.height, o.width);
  x = halve(b, conv_relu(b, "conv1", x, c1));
  x = halve(b, conv_relu(b, "conv2", x, c2));
  x = b.op("reshape", {conv_relu(b, "conv3", x, c3)}, {{"shape", Ints{0, -1}}}, "feature");
  x = b.relu(b.linear("fc1", x, hidden));
  b.output(b.linear("fc2", x, o.classes), "logits");
  return b.finish();
}

}  // namespace

FRUGAL_MODELS(lenet) {
  const ModelOptions defaults{.classes = 10, .channels = 1, .height = 32, .width = 32};
  models.add({"lenet5", "classify",
              "LeNet-5 with ReLU and max pooling (LeCun et al. 1998), 28x28 digits padded to 32x32", defaults,
              [](const ModelOptions& o) { return lenet(o, 6, 16, 120, 84); }});
  models.add({"lenet5_half", "classify", "LeNet-5 with half the channels, the student of DAFL (Chen et al. 2019)",
              defaults, [](const ModelOptions& o) { return lenet(o, 3, 8, 60, 42); }});
}

}  // namespace frugal
