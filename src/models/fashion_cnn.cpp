// A small network for small pictures: three stages of 3x3 convolutions with pooling between, then one linear layer.
// Options: `width`, channels of the first stage (doubled in each), and `depth`, convolutions in the second and the
// third stage; those after the first of a stage are residual.
#include "graph/builder.h"
#include "models/registry.h"

namespace frugal {
namespace {

ValueId conv(GraphBuilder& b, const std::string& name, ValueId x, std::int64_t out) {
  return b.batch_norm(name + ".bn", b.conv2d(name + ".conv", x, {.out = out, .kernel = 3}));
}

ValueId halve(GraphBuilder& b, ValueId x) {
  return b.op("max_pool2d", {x}, {{"kernel", Ints{2, 2}}, {"stride", Ints{2, 2}}});
}

Graph fashion_cnn(const ModelOptions& o) {
  const std::int64_t width = integer_option(o, "width", 1, 1024), depth = integer_option(o, "depth", 1, 64);
  GraphBuilder b("fashion_cnn");
  ValueId x = b.image_input(o.channels, o.height, o.width);
  x = b.relu(conv(b, "stage1.0", x, width));
  for (std::int64_t stage = 2; stage <= 3; ++stage) {
    const std::string name = "stage" + std::to_string(stage) + ".";
    x = b.relu(conv(b, name + "0", halve(b, x), width << (stage - 1)));
    for (std::int64_t i = 1; i < depth; ++i)
      x = b.relu(b.add(conv(b, name + std::to_string(i), x, width << (stage - 1)), x));
  }
  b.output(b.linear("fc", b.flatten(b.op("global_avg_pool", {x})), o.classes), "logits");
  return b.finish();
}

}  // namespace

FRUGAL_MODELS(fashion_cnn) {
  models.add({"fashion_cnn",
              "classify",
              "small convolutional network for Fashion-MNIST (options: width, depth)",
              {.classes = 10, .channels = 1, .height = 28, .width = 28, .extra = {{"width", "16"}, {"depth", "1"}}},
              fashion_cnn});
}

}  // namespace frugal
