// Whole numbers in floats: their sums are exact below 2^24, whatever adds them.
#include "kernels/adder.h"
#include "kernels/byte_adder_types.h"
#include "ops/quantized_adder_conv2d/layer.h"
#include "train/torch_op.h"

namespace frugal {
namespace {

using torch::Tensor;

struct QuantizedAdder {
  Ints kernel, stride, pad, dilation;
  AdderQuantizer quantizer;

  // The numbers of the grid without an upper end.
  Tensor steps(const Tensor& x, float step) const {
    Tensor cut = x;
    if (quantizer.limit > 0) {
      cut = cut.clamp_max(quantizer.limit);
      if (quantizer.zero > 0) cut = cut.clamp_min(-quantizer.limit);
    }
    return (cut * (1.0f / step)).nan_to_num_(0).round_().add_(quantizer.zero).clamp_min_(0);
  }

  Tensor padded(const Tensor& a, double value) const {
    return torch::constant_pad_nd(a, {pad[1], pad[3], pad[0], pad[2]}, value);
  }

  // Of [N, C, H, W] with kernels [T, C * kh * kw].
  Tensor distances(const Tensor& a, const Tensor& v) const {
    const Tensor x = padded(a, quantizer.zero).contiguous();
    Conv2dShape s;
    s.in_c = x.size(1), s.in_h = x.size(2), s.in_w = x.size(3), s.out_c = v.size(0);
    s.kernel_h = kernel[0], s.kernel_w = kernel[1], s.stride_h = stride[0], s.stride_w = stride[1];
    s.dilation_h = dilation[0], s.dilation_w = dilation[1];
    s.out_h = (s.in_h - (kernel[0] - 1) * dilation[0] - 1) / stride[0] + 1;
    s.out_w = (s.in_w - (kernel[1] - 1) * dilation[1] - 1) / stride[1] + 1;
    if (!x.is_cpu()) {
      const Tensor windows = at::im2col(x, kernel, dilation, {0, 0}, stride).transpose(1, 2).contiguous();
      return torch::cdist(windows, v, 1).transpose(1, 2).reshape({x.size(0), s.out_c, s.out_h, s.out_w});
    }
    Tensor y = torch::empty({x.size(0), s.out_c, s.out_h, s.out_w}, x.options());
    at::parallel_for(0, x.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
      std::vector<float> scratch(static_cast<std::size_t>(adder_scratch_floats(active_kernels(), s)));
      for (std::int64_t i = begin; i < end; ++i)
        adder_conv2d(active_kernels(), s, x[i].const_data_ptr<float>(), v.const_data_ptr<float>(),
                     y[i].mutable_data_ptr<float>(), {}, scratch.data(), 0, adder_panels(active_kernels(), s));
    });
    return y.neg_();
  }

  // The window's sum of what exceeds the grid, the same for every kernel.
  Tensor excess(const Tensor& steps) const {
    const Tensor over = padded((steps - quantizer.qmax).clamp_(0, kMostExcess).to(torch::kFloat64).sum(1, true), 0);
    return torch::conv2d(over, torch::ones({1, 1, kernel[0], kernel[1]}, over.options()), {}, stride,
                         torch::IntArrayRef{0, 0}, dilation);
  }
};

AdderLayer layer_of(const TorchArgs& args) {
  std::vector<Tensor> host;
  for (std::size_t i = 1; i < 6; ++i) host.push_back(args.has(i) ? args[i].detach().cpu().contiguous() : Tensor());
  for (std::size_t i : {1, 3, 4})
    if (host[i].defined()) host[i] = host[i].to(torch::kFloat32);
  const auto floats = [&](std::size_t i) { return host[i].defined() ? host[i].const_data_ptr<float>() : nullptr; };
  return read_adder_layer(args.node, args[0].size(1), args[1].size(0),
                          {host[0].const_data_ptr<std::uint8_t>(), floats(1), host[1].numel(),
                           host[2].const_data_ptr<std::uint8_t>(), floats(3), floats(4)});
}

Tensor evaluate(const TorchArgs& args) {
  const torch::NoGradGuard no_grad;
  const AdderLayer layer = layer_of(args);
  const QuantizedAdder op{attr_ints(args.node, "kernel"), attr_ints(args.node, "stride"),
                          attr_ints(args.node, "padding"), attr_ints(args.node, "dilation"), layer.quantizer};
  const Tensor x = args[0].to(torch::kFloat32);
  const Tensor v =
      torch::from_blob(const_cast<std::uint8_t*>(layer.v.data()), {layer.channels, layer.taps}, torch::kUInt8)
          .to(x.device(), torch::kFloat32);
  const auto per_channel = [&](const std::vector<float>& numbers) {
    return torch::tensor(numbers).to(x.device(), torch::kFloat64).view({1, -1, 1, 1});
  };
  Tensor y;
  for (std::size_t g = 0; g < layer.step.size(); ++g) {
    std::vector<std::int64_t> members;
    for (std::size_t t = 0; t < layer.group.size(); ++t)
      if (layer.group[t] == g) members.push_back(static_cast<std::int64_t>(t));
    if (members.empty()) continue;
    const Tensor index = torch::tensor(members).to(x.device());
    const Tensor steps = op.steps(x, layer.step[g]);
    Tensor sum = op.distances(steps.clamp_max(layer.quantizer.qmax), v.index_select(0, index)).to(torch::kFloat64);
    if (layer.quantizer.restore) sum = sum + op.excess(steps);
    if (!y.defined()) y = torch::empty({sum.size(0), layer.channels, sum.size(2), sum.size(3)}, sum.options());
    y.index_copy_(1, index, sum);
  }
  return (y * per_channel(layer.factor) + per_channel(layer.bias)).to(args[0].scalar_type());
}

}  // namespace

FRUGAL_TORCH(quantized_adder_conv2d) {
  registry.add("quantized_adder_conv2d", [](const TorchArgs& a) { return std::vector{evaluate(a)}; });
}

}  // namespace frugal
