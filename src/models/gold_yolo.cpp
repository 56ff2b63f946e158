// Gold-YOLO (Wang, He, Nie, Guo, Liu, Wang, Han, NeurIPS 2023, arXiv 2309.11331), names of huawei-noah's release; the
// backbone and the head are those of YOLOv6 3.0. In place of a pyramid, all levels are gathered, fused once and given
// back to every level, first at stride 16 (Low-GD), then at stride 64 (High-GD).
// Output `rows` [batch, cells, 4 + classes]: centre, width and height in pixels, class probabilities; levels of stride
// 8, 16, 32, row by row.
#include <array>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "graph/builder.h"
#include "models/detection.h"
#include "models/registry.h"

namespace frugal {
namespace {

constexpr std::int64_t kBins = 17;               // of the distance from a cell's centre to one side of its box
constexpr double kEps = 1e-3, kMomentum = 0.03;  // of batch norms, except in injection and transformer (PyTorch's)

struct Family {
  double width;
  std::array<std::int64_t, 4> stages;  // repeats of stages 2 to 5
  std::int64_t neck;                   // repeats behind every injection
  std::int64_t low;                    // channels of the fusion at stride 16
  std::int64_t heads = 4, depths = 2;  // of the transformer
  double split = 0;                    // share of the channels in BepC3 blocks; 0: plain rows of blocks
  bool silu = false;                   // 3x3 convolution, batch norm, SiLU in place of RepVGG blocks
  bool csp_pooling = true;             // SimCSPSPPF, else SPPF
  bool n5_from_n4 = true;              // what is gathered for the last level, else from p4
};

enum class Act { none, relu, silu };

class GoldYolo {
 public:
  GoldYolo(const Family& family, const ModelOptions& options) : f_(family), o_(options) {}

  Graph build();

 private:
  std::int64_t channels(std::int64_t of_large) const {  // rounded up to a multiple of 8
    return static_cast<std::int64_t>(std::ceil(static_cast<double>(of_large) * f_.width / 8)) * 8;
  }
  std::int64_t height(ValueId x) const { return b_.dim(x, 2).value(); }
  std::int64_t width(ValueId x) const { return b_.dim(x, 3).value(); }
  ValueId concat(std::vector<ValueId> parts, const std::string& name = "", int axis = 1) {
    return b_.op("concat", std::move(parts), {{"axis", axis}}, name);
  }
  ValueId act(const std::string& name, ValueId x, Act act) {
    return act == Act::none ? x : b_.op(act == Act::relu ? "relu" : "silu", {x}, {}, name);
  }
  Act block_act() const { return f_.silu ? Act::silu : Act::relu; }
  // Sizes: average of windows, and bilinear; both leave a map alone that has the size already.
  ValueId pooled(ValueId x, std::int64_t h, std::int64_t w);
  ValueId enlarged(ValueId x, std::int64_t h, std::int64_t w);

  ValueId conv_norm(const std::string& name, ValueId x, const ConvOptions& options, double eps, double momentum);
  ValueId conv(const std::string& name, ValueId x, std::int64_t out, std::int64_t kernel, Act act);
  ValueId block(const std::string& name, ValueId x, std::int64_t out, std::int64_t stride = 1);
  ValueId bottle_rep(const std::string& name, ValueId x);
  ValueId stage(const std::string& name, ValueId x, std::int64_t out, std::int64_t repeats);
  ValueId pooling_block(const std::string& name, ValueId x);
  std::vector<ValueId> backbone(ValueId x);

  ValueId fuse_levels(const std::string& name, ValueId fine, ValueId same, ValueId coarse, std::int64_t out);
  ValueId inject(const std::string& name, ValueId local, ValueId global);
  std::pair<ValueId, ValueId> low_global(const std::vector<ValueId>& c);
  ValueId attention(const std::string& name, ValueId x);
  ValueId mlp(const std::string& name, ValueId x);
  std::pair<ValueId, ValueId> high_global(ValueId p3, ValueId p4, ValueId c5);
  std::vector<ValueId> neck(const std::vector<ValueId>& c);

  ValueId prediction(const std::string& name, ValueId x, std::int64_t out, double bias, const std::string& value);
  ValueId expectation(ValueId bins);
  void head(const std::vector<ValueId>& levels);
  ValueId rows(const std::string& name, const std::vector<ValueId>& sides, ValueId scores,
               const std::vector<ValueId>& levels);

  const Family f_;
  const ModelOptions& o_;
  GraphBuilder b_{"gold_yolo"};
};

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

constexpr Init kTorch{Init::Kind::torch_default, 0, false};

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

// Three neighbouring levels at the size of the middle one.
ValueId GoldYolo::fuse_levels(const std::string& name, ValueId fine, ValueId same, ValueId coarse, std::int64_t out) {
  const std::int64_t h = height(same), w = width(same);
  ValueId all = concat({pooled(fine, h, w), conv(name + ".cv1", same, out, 1, Act::relu), enlarged(coarse, h, w)});
  return conv(name + ".cv_fuse", all, out, 1, Act::relu);
}

// A level is multiplied by a gate and raised by an embedding of what was gathered. No level is ever smaller than that.
ValueId GoldYolo::inject(const std::string& name, ValueId local, ValueId global) {
  const std::int64_t c = b_.channels(local), h = height(local), w = width(local);
  auto embed = [&](const char* part, ValueId x) { return conv_norm(name + part, x, {.out = c}, 1e-5, 0.1); };
  ValueId gate = b_.op("hard_sigmoid", {embed(".global_act", global)});
  ValueId y = b_.op("mul", {embed(".local_embedding", local), enlarged(gate, h, w)});
  return b_.op("add", {y, enlarged(embed(".global_embedding", global), h, w)}, {}, name);
}

// For the levels of stride 16 and 8.
std::pair<ValueId, ValueId> GoldYolo::low_global(const std::vector<ValueId>& c) {
  const std::int64_t h = height(c[2]), w = width(c[2]), to16 = channels(256), to8 = channels(128);
  ValueId x = concat({pooled(c[0], h, w), pooled(c[1], h, w), c[2], enlarged(c[3], h, w)}, "neck.low_FAM");
  x = conv("neck.low_IFM.0", x, f_.low, 1, Act::silu);
  for (const char* i : {"1", "2", "3"}) x = block(std::string("neck.low_IFM.") + i, x, f_.low);
  x = conv("neck.low_IFM.4", x, to16 + to8, 1, Act::silu);
  std::vector<ValueId> parts = b_.ops("split", {x}, {{"sizes", Ints{to16, to8}}, {"axis", 1}}, "neck.low_split");
  return {parts[0], parts[1]};
}

// softmax(q k^T) v of the cells, without the usual 1/sqrt(d); queries and keys have 8 channels a head, values 16.
ValueId GoldYolo::attention(const std::string& name, ValueId x) {
  const std::int64_t h = height(x), w = width(x), n = h * w, heads = f_.heads;
  auto project = [&](const std::string& part, ValueId in, std::int64_t out, double gamma) {
    ValueId y = b_.conv2d(name + part + ".c", in, {.out = out, .init = kTorch});
    return b_.batch_norm(name + part + ".bn", y, 1e-5, 0.1, gamma);
  };
  auto tokens = [&](const char* part, std::int64_t key) {
    return b_.op("reshape", {project(part, x, heads * key, 1)}, {{"shape", Ints{0, heads, key, n}}});
  };
  ValueId q = b_.op("transpose", {tokens(".to_q", 8)}, {{"perm", Ints{0, 1, 3, 2}}});
  ValueId weights = b_.op("softmax", {b_.op("matmul", {q, tokens(".to_k", 8)})}, {{"axis", 3}});
  ValueId y = b_.op("matmul", {tokens(".to_v", 16), weights}, {{"transpose_b", true}});
  y = b_.op("relu6", {b_.op("reshape", {y}, {{"shape", Ints{0, heads * 16, h, w}}})});
  return project(".proj.1", y, b_.channels(x), 0);
}

ValueId GoldYolo::mlp(const std::string& name, ValueId x) {
  const std::int64_t c = b_.channels(x);
  auto full = [&](const char* part, ValueId in) {
    return b_.batch_norm(name + part + ".bn", b_.conv2d(name + part + ".c", in, {.out = c, .init = kTorch}));
  };
  ConvOptions depthwise{.out = c, .kernel = 3, .groups = c, .bias = true, .init = kTorch};
  return full(".fc2", b_.op("relu6", {b_.conv2d(name + ".dwconv", full(".fc1", x), depthwise)}));
}

// For the levels of stride 16 and 32, gathered at stride 64 (rounded up).
std::pair<ValueId, ValueId> GoldYolo::high_global(ValueId p3, ValueId p4, ValueId c5) {
  const std::int64_t h = (height(c5) - 1) / 2 + 1, w = (width(c5) - 1) / 2 + 1;
  const std::int64_t to16 = channels(256), to32 = channels(512);
  ValueId x = concat({pooled(p3, h, w), pooled(p4, h, w), pooled(c5, h, w)}, "neck.high_FAM");
  for (std::int64_t i = 0; i < f_.depths; ++i) {
    const std::string name = "neck.high_IFM.transformer_blocks." + std::to_string(i);
    x = b_.add(x, attention(name + ".attn", x));
    x = b_.op("add", {x, mlp(name + ".mlp", x)}, {}, name);
  }
  x = b_.conv2d("neck.conv_1x1_n", x, {.out = to16 + to32, .bias = true, .init = kTorch});
  std::vector<ValueId> parts = b_.ops("split", {x}, {{"sizes", Ints{to16, to32}}, {"axis", 1}}, "neck.high_split");
  return {parts[0], parts[1]};
}

// Maps of stride 8, 16, 32.
std::vector<ValueId> GoldYolo::neck(const std::vector<ValueId>& c) {
  const std::int64_t wide = channels(256), narrow = channels(128), widest = channels(512);
  auto [low16, low8] = low_global(c);
  ValueId c5 = conv("neck.reduce_layer_c5", c[3], wide, 1, Act::relu);
  ValueId p4 = inject("neck.Inject_p4", fuse_levels("neck.LAF_p4", c[1], c[2], c5, wide), low16);
  p4 = stage("neck.Rep_p4", p4, wide, f_.neck);
  ValueId p4_half = conv("neck.reduce_layer_p4", p4, narrow, 1, Act::relu);
  ValueId p3 = inject("neck.Inject_p3", fuse_levels("neck.LAF_p3", c[0], c[1], p4_half, narrow), low8);
  p3 = stage("neck.Rep_p3", p3, narrow, f_.neck);

  auto [high16, high32] = high_global(p3, p4, c[3]);
  ValueId n4 = concat({pooled(p3, height(p4), width(p4)), p4_half});
  n4 = stage("neck.Rep_n4", inject("neck.Inject_n4", n4, high16), wide, f_.neck);
  ValueId n5 = concat({pooled(f_.n5_from_n4 ? n4 : p4, height(c5), width(c5)), c5});
  n5 = stage("neck.Rep_n5", inject("neck.Inject_n5", n5, high32), widest, f_.neck);
  return {p3, n4, n5};
}

ValueId GoldYolo::prediction(const std::string& name, ValueId x, std::int64_t out, double bias,
                             const std::string& value) {
  ValueId w = b_.weight(name + ".weight", {out, b_.channels(x), 1, 1}, {Init::Kind::zeros, 0, false});
  ValueId start = b_.weight(name + ".bias", {out}, {Init::Kind::constant, bias, false});
  return b_.op("conv2d", {x, w, start}, {}, value);
}

// [batch, 4 * bins, h, w] to the four distances [batch, 4, cells]: the mean of 0 .. 16 under the softmax of the bins
// (Li et al., "Generalized focal loss", 2020).
ValueId GoldYolo::expectation(ValueId bins) {
  const std::int64_t cells = height(bins) * width(bins);
  bins = b_.op("reshape", {bins}, {{"shape", Ints{0, 4, kBins, cells}}});
  bins = b_.op("softmax", {b_.op("transpose", {bins}, {{"perm", Ints{0, 2, 1, 3}}})}, {{"axis", 1}});
  const std::string name = "detect.proj_conv.weight";
  ValueId values = b_.graph().find(name);
  if (values == kNone)
    values = b_.weight(name, {1, kBins, 1, 1}, {Init::Kind::sequence, 0, false}, WeightRole::constant);
  return b_.op("reshape", {b_.op("conv2d", {bins, values}, {}, b_.graph().fresh_name("detect.proj_conv"))},
               {{"shape", Ints{0, 4, cells}}});
}

// One branch for classes and one for the box a level. `head`: dfl, the box as a distribution for each side; lrtb, the
// four distances as such, what the released N and S use at inference; both, for learning the second from the first.
void GoldYolo::head(const std::vector<ValueId>& levels) {
  const std::string& kind = o_.extra.find("head")->second;
  if (kind != "dfl" && kind != "lrtb" && kind != "both")
    fail_usage("network option 'head' is '{}', but must be dfl, lrtb or both", kind);
  std::vector<ValueId> scores, plain, bins;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const std::string n = "." + std::to_string(i);
    const std::int64_t c = b_.channels(levels[i]);
    ValueId x = conv("detect.stems" + n, levels[i], c, 1, Act::silu);
    ValueId score = conv("detect.cls_convs" + n, x, c, 3, Act::silu);
    score = prediction("detect.cls_preds" + n, score, o_.classes, -std::log(99.0), "cls_logits" + n);
    scores.push_back(b_.op("reshape", {score}, {{"shape", Ints{0, o_.classes, height(x) * width(x)}}}));
    ValueId box = conv("detect.reg_convs" + n, x, c, 3, Act::silu);
    if (kind != "lrtb")
      bins.push_back(expectation(prediction("detect.reg_preds" + n, box, 4 * kBins, 1, "reg_logits" + n)));
    if (kind != "dfl") {
      ValueId sides = prediction("detect.reg_preds_lrtb" + n, box, 4, 1, "lrtb" + n);
      plain.push_back(b_.op("reshape", {sides}, {{"shape", Ints{0, 4, height(x) * width(x)}}}));
    }
  }
  ValueId probabilities = b_.op("sigmoid", {concat(scores, "detect.cls_logits", 2)}, {}, "detect.scores");
  if (kind != "dfl") b_.output(rows("detect.lrtb", plain, probabilities, levels), "rows");
  if (kind != "lrtb") b_.output(rows("detect.dfl", bins, probabilities, levels), kind == "both" ? "rows_dfl" : "rows");
}

// Distances to left, top, right and bottom, in strides, become boxes in pixels.
ValueId GoldYolo::rows(const std::string& name, const std::vector<ValueId>& sides, ValueId scores,
                       const std::vector<ValueId>& levels) {
  std::vector<ValueId> cells, strides;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const std::string n = std::to_string(i);
    const std::int64_t h = height(levels[i]), w = width(levels[i]);
    cells.push_back(cell_centres(b_, name + ".cells" + n, h, w));
    strides.push_back(b_.weight(name + ".stride" + n, {1, 1, h * w},
                                {Init::Kind::constant, static_cast<double>(8 << i), false}, WeightRole::constant));
  }
  ValueId centre = concat(cells, name + ".cells", 2), stride = concat(strides, name + ".strides", 2);
  ValueId half = b_.weight(name + ".half", {1}, {Init::Kind::constant, 0.5, false}, WeightRole::constant);
  std::vector<ValueId> corners =
      b_.ops("split", {concat(sides, name + ".sides", 2)}, {{"sizes", Ints{2, 2}}, {"axis", 1}}, name + ".corners");
  ValueId first = b_.op("sub", {centre, corners[0]}), second = b_.add(centre, corners[1]);
  ValueId boxes = concat({b_.op("mul", {b_.add(first, second), half}), b_.op("sub", {second, first})}, name + ".boxes");
  ValueId all = concat({b_.op("mul", {boxes, stride}), scores}, name);
  return b_.op("transpose", {all}, {{"perm", Ints{0, 2, 1}}}, name + ".rows");
}

Graph GoldYolo::build() {
  require(o_.height % 32 == 0 && o_.width % 32 == 0, "the picture, {} x {}, must be a multiple of 32 both ways",
          o_.width, o_.height);
  head(neck(backbone(b_.image_input(o_.channels, o_.height, o_.width))));
  return b_.finish();
}

}  // namespace

FRUGAL_MODELS(gold_yolo) {
  auto add = [&](const char* size, const char* summary, const char* head, const Family& family) {
    models.add({std::string("gold_yolo_") + size,
                "detect",
                summary,
                {.classes = 80, .channels = 3, .height = 640, .width = 640, .extra = {{"head", head}}},
                [family](const ModelOptions& options) { return GoldYolo(family, options).build(); }});
  };
  const std::array<std::int64_t, 4> small{2, 4, 6, 2};
  add("pico", "Gold-YOLO at half the width of N, for small data and tests", "dfl",
      {.width = 0.125, .stages = small, .neck = 4, .low = 48});
  add("n", "Gold-YOLO-N for COCO (Wang et al. 2023), names of the official release", "lrtb",
      {.width = 0.25, .stages = small, .neck = 4, .low = 96});
  add("s", "Gold-YOLO-S for COCO (Wang et al. 2023), names of the official release", "lrtb",
      {.width = 0.5, .stages = small, .neck = 4, .low = 128});
  add("m", "Gold-YOLO-M for COCO (Wang et al. 2023), names of the official release", "dfl",
      {.width = 0.75, .stages = {4, 7, 11, 4}, .neck = 7, .low = 192, .split = 2.0 / 3, .csp_pooling = false});
  add("l", "Gold-YOLO-L for COCO (Wang et al. 2023), names of the official release", "dfl",
      {.width = 1,
       .stages = {6, 12, 18, 6},
       .neck = 12,
       .low = 192,
       .heads = 8,
       .depths = 3,
       .split = 0.5,
       .silu = true,
       .csp_pooling = false,
       .n5_from_n4 = false});
}

}  // namespace frugal
