// Blocks, and the backbone of YOLOv6 3.0.
#include "models/gold_yolo/builder.h"

namespace frugal::gold_yolo {

ValueId GoldYolo::pooled(ValueId x, std::int64_t h, std::int64_t w) {
  if (height(x) == h && width(x) == w) return x;
  return b_.op("adaptive_avg_pool2d", {x}, {{"size", Ints{h, w}}});
}

ValueId GoldYolo::enlarged(ValueId x, std::int64_t h, std::int64_t w) {
  if (height(x) == h && width(x) == w) return x;
  return b_.op("resize", {x}, {{"mode", "bilinear"}, {"size", Ints{h, w}}});
}

ValueId GoldYolo::conv_norm(const std::string& name, ValueId x, const ConvOptions& options, double eps,
                            double momentum) {
  return b_.batch_norm(name + ".bn", b_.conv2d(name + ".conv", x, options), eps, momentum);
}

ValueId GoldYolo::conv(const std::string& name, ValueId x, std::int64_t out, std::int64_t kernel, Act a) {
  return act(name, conv_norm(name, x, {.out = out, .kernel = kernel, .init = kTorch}, kEps, kMomentum), a);
}

// RepVGG: 3x3, 1x1 and, where shapes allow it, the input itself, each with its batch norm. The sum is named as the one
// convolution that the release makes of it (the pass `reparameterize`).
ValueId GoldYolo::block(const std::string& name, ValueId x, std::int64_t out, std::int64_t stride) {
  ConvOptions dense{.out = out, .kernel = 3, .stride = stride, .bias = f_.silu, .init = kTorch};
  if (f_.silu) return act(name, conv_norm(name + ".block", x, dense, kEps, kMomentum), Act::silu);
  ConvOptions point{.out = out, .kernel = 1, .stride = stride, .init = kTorch};
  ValueId sum = b_.op("add",
                      {conv_norm(name + ".rbr_dense", x, dense, kEps, kMomentum),
                       conv_norm(name + ".rbr_1x1", x, point, kEps, kMomentum)},
                      {}, stride == 1 && out == b_.channels(x) ? "" : name + ".rbr_reparam");
  if (stride == 1 && out == b_.channels(x))
    sum = b_.op("add", {sum, b_.batch_norm(name + ".rbr_identity", x, kEps, kMomentum)}, {}, name + ".rbr_reparam");
  return act(name, sum, Act::relu);
}

ValueId GoldYolo::bottle_rep(const std::string& name, ValueId x) {
  const std::int64_t c = b_.channels(x);
  ValueId y = block(name + ".conv2", block(name + ".conv1", x, c), c);
  ValueId alpha = b_.weight(name + ".alpha", {1}, {Init::Kind::constant, 1, false});
  return b_.op("add", {y, b_.op("mul", {x, alpha})}, {}, name);
}

// A row of blocks, or BepC3: half of the blocks, each of two, beside a 1x1 convolution.
ValueId GoldYolo::stage(const std::string& name, ValueId x, std::int64_t out, std::int64_t repeats) {
  if (f_.split == 0) {
    x = block(name + ".conv1", x, out);
    for (std::int64_t i = 0; i + 1 < repeats; ++i) x = block(name + ".block." + std::to_string(i), x, out);
    return x;
  }
  const auto inner = static_cast<std::int64_t>(static_cast<double>(out) * f_.split);
  ValueId y = bottle_rep(name + ".m.conv1", conv(name + ".cv1", x, inner, 1, block_act()));
  for (std::int64_t i = 0; i + 1 < std::max<std::int64_t>(1, repeats / 2); ++i)
    y = bottle_rep(name + ".m.block." + std::to_string(i), y);
  return conv(name + ".cv3", concat({y, conv(name + ".cv2", x, inner, 1, block_act())}), out, 1, block_act());
}

ValueId GoldYolo::pooling_block(const std::string& name, ValueId x) {
  const std::int64_t out = b_.channels(x), half = out / 2;
  auto cv = [&](const char* part, ValueId in, std::int64_t to, std::int64_t kernel) {
    return conv(name + part, in, to, kernel, block_act());
  };
  ValueId first = cv(".cv1", x, half, 1);
  if (f_.csp_pooling) first = cv(".cv4", cv(".cv3", first, half, 3), half, 1);
  std::vector<ValueId> parts{first};
  for (int i = 0; i < 3; ++i)
    parts.push_back(b_.op("max_pool2d", {parts.back()},
                          {{"kernel", Ints{5, 5}}, {"stride", Ints{1, 1}}, {"padding", Ints{2, 2, 2, 2}}}));
  if (!f_.csp_pooling) return cv(".cv2", concat(parts), out, 1);
  ValueId y = cv(".cv6", cv(".cv5", concat(parts), half, 1), half, 3);
  return cv(".cv7", concat({cv(".cv2", x, half, 1), y}), out, 1);
}

// Maps of stride 4, 8, 16, 32.
std::vector<ValueId> GoldYolo::backbone(ValueId x) {
  x = block("backbone.stem", x, channels(64), 2);
  std::vector<ValueId> maps;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string name = "backbone.ERBlock_" + std::to_string(i + 2);
    const std::int64_t out = channels(128 << i);
    x = stage(name + ".1", block(name + ".0", x, out, 2), out, f_.stages[i]);
    if (i == 3) x = pooling_block(name + ".2", x);
    maps.push_back(x);
  }
  return maps;
}

}  // namespace frugal::gold_yolo
