#include "tasks/detection/masked_torch.h"

#include <algorithm>
#include <cmath>

#include "graph/builder.h"

namespace frugal {
namespace {

// [n, c, H, W] to [n, patches, c * 32 * 32].
torch::Tensor patches_of(const torch::Tensor& pictures) {
  const std::int64_t n = pictures.size(0), c = pictures.size(1), rows = pictures.size(2) / kPatch,
                     columns = pictures.size(3) / kPatch;
  return pictures.reshape({n, c, rows, kPatch, columns, kPatch})
      .permute({0, 2, 4, 3, 5, 1})
      .reshape({n, rows * columns, kPatch * kPatch * c});
}

// The op on the pixels that are seen, as rows; 0 elsewhere.
torch::Tensor of_seen(const TorchOp& op, const TorchArgs& args, const PatchMask& mask) {
  const torch::Tensor x = args[0].permute({0, 2, 3, 1});
  const torch::Tensor seen = mask.at(x.size(1), x.size(2)).squeeze(1) > 0;
  std::vector<torch::Tensor> in(args.in.begin(), args.in.end());
  in[0] = x.index({seen});
  const torch::Tensor y = op({args.node, in, args.training})[0];
  torch::Tensor out = torch::zeros(x.sizes(), y.options());
  out.index_put_({seen}, y);
  return out.permute({0, 3, 1, 2});
}

}  // namespace

void PatchMask::draw(std::int64_t batch, std::int64_t rows, std::int64_t columns, double hidden, torch::Device device) {
  const std::int64_t patches = rows * columns,
                     seen = std::clamp<std::int64_t>(std::llround(static_cast<double>(patches) * (1 - hidden)), 1,
                                                     patches);
  const torch::Tensor order = torch::rand({batch, patches}).argsort(1, false).narrow(1, 0, seen);
  seen_ = torch::zeros({batch, patches}).scatter_(1, order, 1.0).view({batch, 1, rows, columns}).to(device);
}

torch::Tensor PatchMask::at(std::int64_t height, std::int64_t width) const {
  return seen_.repeat_interleave(height / seen_.size(2), 2).repeat_interleave(width / seen_.size(3), 3);
}

void hide_norms(Interpreter& net, const std::string& prefix, std::shared_ptr<const PatchMask> mask) {
  const TorchOp& op = TorchRegistry::instance().get("batch_norm");
  for (const Node& node : net.graph().nodes())
    if (node.op->name == "batch_norm" && node.name.starts_with(prefix))
      net.replace_node(node.name, [mask, &op](const TorchArgs& a) { return std::vector{of_seen(op, a, *mask)}; });
}

void hide(Interpreter& net, std::shared_ptr<const PatchMask> mask) {
  hide_norms(net, "", mask);
  for (const Node& node : net.graph().nodes()) {
    if (node.op->name != "conv2d" && !node.op->name.ends_with("pool2d")) continue;
    const TorchOp& op = TorchRegistry::instance().get(node.op->name);
    net.replace_node(node.name, [mask, &op](const TorchArgs& a) {
      const torch::Tensor y = op(a)[0];
      return std::vector{y * mask->at(y.size(2), y.size(3)).to(y.scalar_type())};
    });
  }
}

Graph masked_decoder(const std::vector<std::int64_t>& channels, std::int64_t height, std::int64_t width,
                     std::int64_t widest) {
  GraphBuilder b("masked_decoder");
  const Init torch_default{Init::Kind::torch_default, 0, false};
  const auto width_of = [&](std::size_t i) { return std::max<std::int64_t>(8, widest >> i); };
  ValueId x = kNone;
  for (std::size_t i = 0; i < 5; ++i) {
    const std::string n = std::to_string(i);
    if (i < channels.size()) {
      const std::int64_t stride = 32 >> i, c = channels[i], h = height / stride, w = width / stride;
      ValueId map = b.input("map" + n, {Dim::symbol("batch"), c, h, w});
      ValueId hidden = b.input("hidden" + n, {Dim::symbol("batch"), 1, h, w});
      ValueId token = b.weight("token" + n, {1, c, 1, 1}, {Init::Kind::trunc_normal, 0.02, false});
      map = b.add(b.batch_norm("norm" + n, map), b.op("mul", {token, hidden}));
      map = b.conv2d("project" + n, map,
                     {.out = width_of(i), .kernel = i == 0 ? 1 : 3, .bias = true, .init = torch_default});
      x = i == 0 ? map : b.add(x, map);
    }
    const std::int64_t from = width_of(i), to = width_of(i + 1);
    ValueId up = b.weight("block" + n + ".up.weight", {from, from, 4, 4}, torch_default);
    ValueId bias = b.weight("block" + n + ".up.bias", {from});
    x = b.op("conv_transpose2d", {x, up, bias}, {{"stride", Ints{2, 2}}, {"padding", Ints{1, 1, 1, 1}}});
    x = b.conv2d("block" + n + ".conv1", x, {.out = from, .kernel = 3, .init = torch_default});
    x = b.op("relu6", {b.batch_norm("block" + n + ".bn1", x)});
    x = b.conv2d("block" + n + ".conv2", x, {.out = to, .kernel = 3, .init = torch_default});
    x = b.batch_norm("block" + n + ".bn2", x);
  }
  b.output(b.conv2d("picture", x, {.out = 3, .bias = true, .init = torch_default}), "picture");
  return b.finish();
}

torch::Tensor normalized_patches(const torch::Tensor& pictures) {
  const torch::Tensor p = patches_of(pictures);
  return (p - p.mean(-1, true)) / (p.var(-1, true, true) + 1e-6).sqrt();
}

torch::Tensor masked_loss(const torch::Tensor& made, const torch::Tensor& pictures, const PatchMask& mask) {
  const torch::Tensor error = (patches_of(made.to(torch::kFloat32)) - normalized_patches(pictures)).square().mean(-1);
  const torch::Tensor hidden = 1 - mask.seen().flatten(1);
  return (error * hidden).sum() / hidden.sum().clamp_min(1);
}

}  // namespace frugal
