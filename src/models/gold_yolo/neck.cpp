// What tells Gold-YOLO from other detectors: levels are gathered, fused once, and given back to every level.
#include "base/check.h"
#include "models/gold_yolo/builder.h"

namespace frugal::gold_yolo {

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

// The same where nothing was gathered (kNone).
ValueId GoldYolo::injected(const std::string& name, ValueId local, ValueId global) {
  if (global != kNone) return inject(name, local, global);
  return conv_norm(name + ".local_embedding", local, {.out = b_.channels(local)}, 1e-5, 0.1);
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

// Leaves whole samples of a residual branch out in training (Huang et al., "Deep networks with stochastic depth",
// 2016).
ValueId GoldYolo::drop_path(ValueId x, double rate) {
  return rate > 0 ? b_.op("dropout", {x}, {{"rate", rate}, {"per", "sample"}}) : x;
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
    const double rate = kDropPath * static_cast<double>(i) / static_cast<double>(f_.depths - 1);
    x = b_.add(x, drop_path(attention(name + ".attn", x), rate));
    x = b_.op("add", {x, drop_path(mlp(name + ".mlp", x), rate)}, {}, name);
  }
  x = b_.conv2d("neck.conv_1x1_n", x, {.out = to16 + to32, .bias = true, .init = kTorch});
  std::vector<ValueId> parts = b_.ops("split", {x}, {{"sizes", Ints{to16, to32}}, {"axis", 1}}, "neck.high_split");
  return {parts[0], parts[1]};
}

// What Gold-YOLO's neck is compared with, of as many multiply-adds in the families with rows of blocks: levels are
// passed on from the coarsest to the finest only.
std::vector<ValueId> GoldYolo::top_down(const std::vector<ValueId>& c) {
  const std::int64_t repeats = 2 * f_.neck;
  ValueId x =
      stage("neck.Rep_p5", conv("neck.reduce_layer_c5", c[3], channels(512), 1, Act::relu), channels(512), repeats);
  std::vector<ValueId> maps{x};
  for (int level : {1, 0}) {
    const std::string n = std::to_string(level + 3);
    ValueId same = c[static_cast<std::size_t>(level) + 1];
    const std::int64_t out = channels(128 << level);
    ValueId above = enlarged(conv("neck.reduce_layer_p" + n, x, out, 1, Act::relu), height(same), width(same));
    ValueId lateral = conv("neck.lateral_p" + n, same, out, 1, Act::relu);
    x = stage("neck.Rep_p" + n, concat({above, lateral}), out, repeats);
    maps.insert(maps.begin(), x);
  }
  return maps;
}

// Maps of stride 8, 16, 32. `neck`: gather, Gold-YOLO's; low, what is gathered at stride 16 alone, and top_down, both
// to compare it with.
std::vector<ValueId> GoldYolo::neck(const std::vector<ValueId>& c) {
  const std::string& kind = option("neck");
  if (kind != "gather" && kind != "low" && kind != "top_down")
    fail_usage("network option 'neck' is '{}', but must be gather, low or top_down", kind);
  if (kind == "top_down") return top_down(c);
  const std::int64_t wide = channels(256), narrow = channels(128), widest = channels(512);
  auto [low16, low8] = low_global(c);
  ValueId c5 = conv("neck.reduce_layer_c5", c[3], wide, 1, Act::relu);
  ValueId p4 = inject("neck.Inject_p4", fuse_levels("neck.LAF_p4", c[1], c[2], c5, wide), low16);
  p4 = stage("neck.Rep_p4", p4, wide, f_.neck);
  ValueId p4_half = conv("neck.reduce_layer_p4", p4, narrow, 1, Act::relu);
  ValueId p3 = inject("neck.Inject_p3", fuse_levels("neck.LAF_p3", c[0], c[1], p4_half, narrow), low8);
  p3 = stage("neck.Rep_p3", p3, narrow, f_.neck);

  std::pair<ValueId, ValueId> high{kNone, kNone};
  if (kind == "gather") high = high_global(p3, p4, c[3]);
  const std::int64_t more = kind == "low" ? 1 : 0;  // in place of the transformer
  ValueId n4 = concat({pooled(p3, height(p4), width(p4)), p4_half});
  n4 = stage("neck.Rep_n4", injected("neck.Inject_n4", n4, high.first), wide, f_.neck + more);
  ValueId n5 = concat({pooled(f_.n5_from_n4 ? n4 : p4, height(c5), width(c5)), c5});
  n5 = stage("neck.Rep_n5", injected("neck.Inject_n5", n5, high.second), widest, f_.neck);
  return {p3, n4, n5};
}

}  // namespace frugal::gold_yolo
