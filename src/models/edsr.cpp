// EDSR (Lim, Son, Kim, Nah, Lee, CVPR workshops 2017), the baseline; names of the authors' code, 0-255 pictures.
#include "graph/builder.h"
#include "models/registry.h"

namespace frugal {
namespace {

ValueId conv(GraphBuilder& b, const std::string& name, ValueId x, std::int64_t out) {
  return b.conv2d(name, x, {.out = out, .kernel = 3, .bias = true, .init = {Init::Kind::torch_default, 0, false}});
}

Graph edsr(const ModelOptions& o) {
  const std::int64_t width = integer_option(o, "width", 1, 4096), blocks = integer_option(o, "blocks", 1, 256);
  GraphBuilder b("edsr");
  ValueId x = b.image_input(o.channels, o.height, o.width);
  // The mean of DIV2K, taken off before and put back after.
  ValueId mean =
      b.weight("sub_mean.bias", {1, o.channels, 1, 1}, {Init::Kind::constant, 114.0, false}, WeightRole::buffer);
  ValueId head = conv(b, "head.0", b.op("sub", {x, mean}, {}, "sub_mean"), width);
  ValueId y = head;
  for (std::int64_t i = 0; i < blocks; ++i) {
    const std::string name = "body." + std::to_string(i);
    y = b.op("add", {conv(b, name + ".body.2", b.relu(conv(b, name + ".body.0", y, width)), width), y}, {}, name);
  }
  y = b.add(conv(b, "body." + std::to_string(blocks), y, width), head);
  y = b.op("depth_to_space", {conv(b, "tail.0.0", y, 4 * width)}, {{"block", 2}, {"mode", "CRD"}}, "tail.0.1");
  b.output(b.op("add", {conv(b, "tail.1", y, o.channels), mean}, {}, "add_mean"), "output");
  return b.finish();
}

}  // namespace

FRUGAL_MODELS(edsr) {
  models.add({"edsr_baseline_x2",
              "upscale",
              "EDSR baseline x2 (Lim et al. 2017), names of the official release",
              {.channels = 3, .height = 180, .width = 320, .extra = {{"width", "64"}, {"blocks", "16"}}},
              edsr});
}

}  // namespace frugal
