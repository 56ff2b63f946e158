// DeiT (Touvron, Cord, Douze, Massa, Sablayrolles, Jegou, ICML 2021) without the distillation token; names of timm.
#include <cmath>

#include "base/check.h"
#include "graph/builder.h"
#include "models/registry.h"

namespace frugal {
namespace {

constexpr Init kInit{Init::Kind::trunc_normal, 0.02, false};

ValueId layer_norm(GraphBuilder& b, const std::string& name, ValueId x) {
  const std::int64_t n = b.dim(x, -1).value();
  ValueId weight = b.weight(name + ".weight", {n}, {Init::Kind::constant, 1, false}),
          bias = b.weight(name + ".bias", {n});
  return b.op("layer_norm", {x, weight, bias}, {{"eps", 1e-6}}, name);
}

// softmax(Q K^T / sqrt(d)) V for every head; `scale` holds 1 / sqrt(d).
ValueId attention(GraphBuilder& b, const std::string& name, ValueId x, std::int64_t heads, ValueId scale) {
  const std::int64_t width = b.dim(x, -1).value(), tokens = b.dim(x, 1).value();
  std::vector<ValueId> qkv = b.ops("split", {b.linear(name + ".qkv", x, 3 * width, true, kInit)},
                                   {{"sizes", Ints{width, width, width}}, {"axis", -1}}, name + ".split");
  for (ValueId& part : qkv)
    part = b.op("transpose", {b.op("reshape", {part}, {{"shape", Ints{0, tokens, heads, width / heads}}})},
                {{"perm", Ints{0, 2, 1, 3}}});
  ValueId scores = b.op("matmul", {b.op("mul", {qkv[0], scale}), qkv[1]}, {{"transpose_b", true}});
  ValueId y = b.op("matmul", {b.op("softmax", {scores}), qkv[2]});
  y = b.op("reshape", {b.op("transpose", {y}, {{"perm", Ints{0, 2, 1, 3}}})}, {{"shape", Ints{0, tokens, width}}});
  return b.linear(name + ".proj", y, width, true, kInit);
}

Graph deit(const ModelOptions& o) {
  const std::int64_t width = integer_option(o, "width", 1, 8192), depth = integer_option(o, "depth", 1, 256),
                     heads = integer_option(o, "heads", 1, 256), patch = integer_option(o, "patch", 1, 256);
  require(width % heads == 0, "a width of {} cannot be shared by {} heads", width, heads);
  require(o.height % patch == 0 && o.width % patch == 0, "the picture, {} x {}, must be whole patches of {}", o.width,
          o.height, patch);
  const std::int64_t patches = (o.height / patch) * (o.width / patch);
  GraphBuilder b("deit");
  ValueId x = b.image_input(o.channels, o.height, o.width);
  x = b.conv2d("patch_embed.proj", x,
               {.out = width,
                .kernel = patch,
                .stride = patch,
                .padding = 0,
                .bias = true,
                .init = {Init::Kind::torch_default, 0, false}});
  x = b.op("transpose", {b.op("reshape", {x}, {{"shape", Ints{0, width, patches}}})}, {{"perm", Ints{0, 2, 1}}});
  // The class token comes first: room for it, then the sum of both embeddings, which is constant.
  x = b.op("pad", {x}, {{"pads", Ints{0, 1, 0, 0, 0, 0}}});
  ValueId token = b.op("pad", {b.weight("cls_token", {1, 1, width}, kInit)}, {{"pads", Ints{0, 0, 0, 0, patches, 0}}});
  x = b.add(x, b.add(b.weight("pos_embed", {1, patches + 1, width}, kInit), token));
  ValueId scale =
      b.weight("attention_scale", {1}, {Init::Kind::constant, 1 / std::sqrt(static_cast<double>(width / heads)), false},
               WeightRole::buffer);
  for (std::int64_t i = 0; i < depth; ++i) {
    const std::string name = "blocks." + std::to_string(i);
    x = b.op("add", {attention(b, name + ".attn", layer_norm(b, name + ".norm1", x), heads, scale), x}, {},
             name + ".1");
    ValueId y = b.linear(name + ".mlp.fc1", layer_norm(b, name + ".norm2", x), 4 * width, true, kInit);
    x = b.op("add", {b.linear(name + ".mlp.fc2", b.op("gelu", {y}), width, true, kInit), x}, {}, name);
  }
  x = b.op("slice", {layer_norm(b, "norm", x)}, {{"starts", Ints{0}}, {"ends", Ints{1}}, {"axes", Ints{1}}});
  b.output(b.linear("head", b.flatten(x), o.classes, true, kInit), "logits");
  return b.finish();
}

}  // namespace

FRUGAL_MODELS(deit) {
  models.add({"deit_tiny",
              "classify",
              "DeiT-Tiny, patches of 16 pixels, for ImageNet (Touvron et al. 2021), timm names",
              {.classes = 1000,
               .channels = 3,
               .height = 224,
               .width = 224,
               .extra = {{"width", "192"}, {"depth", "12"}, {"heads", "3"}, {"patch", "16"}}},
              deit});
}

}  // namespace frugal
