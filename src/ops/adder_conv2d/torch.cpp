// The three rules of AdderNet (Chen et al., CVPR 2020): the weight's gradient is the difference itself and is scaled
// per layer, the input's is clipped.
#include "ops/adder_conv2d/torch.h"
#include "kernels/adder.h"
#include "kernels/conv2d.h"

namespace frugal {
namespace {

using torch::Tensor;

Conv2dShape shape_of(const Tensor& x, const Tensor& w, const Ints& stride, const Ints& pad, const Ints& dilation) {
  Conv2dShape s;
  s.batch = x.size(0), s.in_c = x.size(1), s.in_h = x.size(2), s.in_w = x.size(3);
  s.out_c = w.size(0), s.kernel_h = w.size(2), s.kernel_w = w.size(3);
  s.stride_h = stride[0], s.stride_w = stride[1], s.dilation_h = dilation[0], s.dilation_w = dilation[1];
  s.pad_top = pad[0], s.pad_left = pad[1];
  s.out_h = conv_out_size(s.in_h, pad[0] + pad[2], s.kernel_h, s.stride_h, s.dilation_h);
  s.out_w = conv_out_size(s.in_w, pad[1] + pad[3], s.kernel_w, s.stride_w, s.dilation_w);
  return s;
}

// Calls f(image, scratch) for every image, on LibTorch's threads.
template <typename F>
void each_image(const Conv2dShape& s, F f) {
  at::parallel_for(0, s.batch, 1, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> scratch(static_cast<std::size_t>(adder_scratch_floats(active_kernels(), s)));
    for (std::int64_t image = begin; image < end; ++image) f(image, scratch.data());
  });
}

bool by_kernel(const Tensor& x) { return x.is_cpu() && x.scalar_type() == torch::kFloat; }

// For devices and types without a kernel of ours: zeros added so that the windows just fit, [left, right, top, bottom].
Ints margins(const Conv2dShape& s) {
  const auto end = [](std::int64_t windows, std::int64_t stride, std::int64_t kernel, std::int64_t dilation) {
    return (windows - 1) * stride + (kernel - 1) * dilation + 1;
  };
  return {s.pad_left, end(s.out_w, s.stride_w, s.kernel_w, s.dilation_w) - s.in_w - s.pad_left, s.pad_top,
          end(s.out_h, s.stride_h, s.kernel_h, s.dilation_h) - s.in_h - s.pad_top};
}

// [N, k, pixels]
Tensor windows(const Tensor& x, const Conv2dShape& s) {
  return at::im2col(torch::constant_pad_nd(x, margins(s)), {s.kernel_h, s.kernel_w}, {s.dilation_h, s.dilation_w},
                    {0, 0}, {s.stride_h, s.stride_w});
}

struct AdderConv2d : torch::autograd::Function<AdderConv2d> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& input, const Tensor& weight,
                        const Tensor& forward_weight, const Tensor& backward_weight, const Ints& stride,
                        const Ints& pad, const Ints& dilation, bool sign, double eta) {
    (void)weight;
    const Tensor x = input.contiguous(), w = forward_weight.contiguous();
    context->save_for_backward({x, backward_weight.contiguous()});
    context->saved_data["stride"] = stride;
    context->saved_data["pad"] = pad;
    context->saved_data["dilation"] = dilation;
    context->saved_data["sign"] = sign;
    context->saved_data["eta"] = eta;
    const Conv2dShape s = shape_of(x, w, stride, pad, dilation);
    if (!by_kernel(x)) {
      const Tensor distance = torch::cdist(windows(x, s).transpose(1, 2).contiguous(), w.flatten(1), 1);
      return distance.neg().transpose(1, 2).reshape({s.batch, s.out_c, s.out_h, s.out_w});
    }
    Tensor y = torch::empty({s.batch, s.out_c, s.out_h, s.out_w}, x.options());
    each_image(s, [&](std::int64_t i, float* scratch) {
      adder_conv2d(active_kernels(), s, x[i].const_data_ptr<float>(), w.const_data_ptr<float>(),
                   y[i].mutable_data_ptr<float>(), {}, scratch, 0, adder_panels(active_kernels(), s));
    });
    return y;
  }

  static Tensor input_gradient(const Tensor& x, const Tensor& w, const Tensor& dy, const Conv2dShape& s) {
    if (!by_kernel(x)) {
      const Tensor columns = windows(x, s), kernels = w.flatten(1), g = dy.flatten(2);
      Tensor d = torch::zeros_like(columns);
      for (std::int64_t t = 0; t < s.out_c; ++t)
        d.add_((kernels[t].unsqueeze(1) - columns).clamp_(-1, 1).mul_(g.select(1, t).unsqueeze(1)));
      const Ints margin = margins(s);
      const Tensor padded =
          at::col2im(d, {s.in_h + margin[2] + margin[3], s.in_w + margin[0] + margin[1]}, {s.kernel_h, s.kernel_w},
                     {s.dilation_h, s.dilation_w}, {0, 0}, {s.stride_h, s.stride_w});
      return torch::constant_pad_nd(padded, {-margin[0], -margin[1], -margin[2], -margin[3]});
    }
    Tensor dx = torch::empty_like(x);
    each_image(s, [&](std::int64_t i, float* scratch) {
      adder_conv2d_input_gradient(active_kernels(), s, x[i].const_data_ptr<float>(), w.const_data_ptr<float>(),
                                  dy[i].const_data_ptr<float>(), dx[i].mutable_data_ptr<float>(), scratch);
    });
    return dx;
  }

  // The sum over windows of (x - w) dy is a convolution's weight gradient less w times the sum of dy.
  static Tensor full_gradient(const Tensor& x, const Tensor& w, const Tensor& dy, const Ints& stride, const Ints& pad,
                              const Ints& dilation) {
    Tensor input = x;
    Ints symmetric{pad[0], pad[1]};
    if (pad[0] != pad[2] || pad[1] != pad[3]) {
      input = torch::constant_pad_nd(x, {pad[1], pad[3], pad[0], pad[2]});
      symmetric = {0, 0};
    }
    const Tensor product = std::get<1>(at::convolution_backward(
        dy, input, w, at::OptionalIntArrayRef(), stride, symmetric, dilation, false, {0, 0}, 1, {false, true, false}));
    return product - dy.sum({0, 2, 3}).view({-1, 1, 1, 1}) * w;
  }

  static Tensor sign_gradient(const Tensor& x, const Tensor& w, const Tensor& dy, const Conv2dShape& s) {
    const Tensor columns = windows(x, s), kernels = w.flatten(1), g = dy.flatten(2);
    std::vector<Tensor> d;
    for (std::int64_t t = 0; t < s.out_c; ++t)
      d.push_back(((columns - kernels[t].unsqueeze(1)).sign_() * g.select(1, t).unsqueeze(1)).sum({0, 2}));
    return torch::stack(d).view_as(w);
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               torch::autograd::tensor_list gradients) {
    const torch::autograd::variable_list saved = context->get_saved_variables();
    const Tensor &x = saved[0], &w = saved[1], dy = gradients[0].contiguous();
    const Ints stride = context->saved_data["stride"].toIntVector(), pad = context->saved_data["pad"].toIntVector(),
               dilation = context->saved_data["dilation"].toIntVector();
    const Conv2dShape s = shape_of(x, w, stride, pad, dilation);
    Tensor dx, dw;
    if (context->needs_input_grad(0)) dx = input_gradient(x, w, dy, s);
    if (context->needs_input_grad(1)) {
      dw = context->saved_data["sign"].toBool() ? sign_gradient(x, w, dy, s)
                                                : full_gradient(x, w, dy, stride, pad, dilation);
      const double eta = context->saved_data["eta"].toDouble();
      if (eta > 0) dw = dw * (eta * std::sqrt(static_cast<double>(w.numel())) / dw.norm().clamp_min(1e-12));
    }
    return {dx, dw, {}, {}, {}, {}, {}, {}, {}};
  }
};

}  // namespace

torch::Tensor adder_conv2d(const Node& node, const torch::Tensor& x, const torch::Tensor& weight,
                           const torch::Tensor& forward_weight, const torch::Tensor& backward_weight) {
  return AdderConv2d::apply(x, weight, forward_weight.detach(), backward_weight.detach(), attr_ints(node, "stride"),
                            attr_ints(node, "padding"), attr_ints(node, "dilation"),
                            attr_text(node, "gradient") == "sign", attr_real(node, "eta"));
}

FRUGAL_TORCH(adder_conv2d) {
  registry.add("adder_conv2d", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    torch::Tensor y = adder_conv2d(a.node, a[0], a[1], a[1], a[1]);
    if (a.has(2)) y = y + a[2].view({1, -1, 1, 1});
    return {y};
  });
}

}  // namespace frugal
