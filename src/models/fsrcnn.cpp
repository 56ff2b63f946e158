// FSRCNN (Dong, Loy, Tang, ECCV 2016): FSRCNN(56, 12, 4) on the luminance; names of the usual PyTorch form.
#include "graph/builder.h"
#include "models/registry.h"

namespace frugal {
namespace {

ValueId conv_prelu(GraphBuilder& b, const std::string& stage, int place, ValueId x, std::int64_t out,
                   std::int64_t kernel) {
  x = b.conv2d(stage + "." + std::to_string(place), x, {.out = out, .kernel = kernel, .bias = true});
  const std::string name = stage + "." + std::to_string(place + 1);
  return b.op("prelu", {x, b.weight(name + ".weight", {out}, {Init::Kind::constant, 0.25, false})}, {}, name);
}

Graph fsrcnn(const ModelOptions& o) {
  const std::int64_t d = integer_option(o, "d", 1, 1024), s = integer_option(o, "s", 1, 1024),
                     m = integer_option(o, "m", 0, 64);
  constexpr std::int64_t kScale = 2, kKernel = 9;
  GraphBuilder b("fsrcnn");
  ValueId x = b.image_input(o.channels, o.height, o.width);
  x = conv_prelu(b, "first_part", 0, x, d, 5);
  x = conv_prelu(b, "mid_part", 0, x, s, 1);
  for (int i = 0; i < m; ++i) x = conv_prelu(b, "mid_part", 2 + 2 * i, x, s, 3);
  x = conv_prelu(b, "mid_part", static_cast<int>(2 + 2 * m), x, d, 1);
  ValueId weight = b.weight("last_part.weight", {d, o.channels, kKernel, kKernel}, {Init::Kind::normal, 0.001, false});
  ValueId bias = b.weight("last_part.bias", {o.channels});
  x = b.op("conv_transpose2d", {x, weight, bias},
           {{"stride", Ints{kScale, kScale}},
            {"padding", Ints{kKernel / 2, kKernel / 2, kKernel / 2, kKernel / 2}},
            {"output_padding", Ints{kScale - 1, kScale - 1}}},
           "last_part");
  b.output(x, "output");
  return b.finish();
}

}  // namespace

FRUGAL_MODELS(fsrcnn) {
  models.add({"fsrcnn_x2",
              "upscale",
              "FSRCNN(56, 12, 4) x2 on the luminance (Dong et al. 2016)",
              {.channels = 1, .height = 180, .width = 320, .extra = {{"d", "56"}, {"s", "12"}, {"m", "4"}}},
              fsrcnn});
}

}  // namespace frugal
