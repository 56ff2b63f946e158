#include "train/communicator.h"
#include "train/torch_op.h"

namespace frugal {
namespace {

// Sums over the processes; the tensor is overwritten.
void sum_over_processes(torch::Tensor& t) {
  torch::Tensor host = t.to(torch::kCPU, torch::kFloat64).contiguous();
  Communicator::instance().sum(std::span<double>(host.data_ptr<double>(), static_cast<std::size_t>(host.numel())));
  t.copy_(host);
}

// Batch norm whose statistics are those of the batch of all processes, so that N processes learn what one would.
// With xh = (x - mean) / deviation and n samples in all:
//   dx = weight / deviation * (dy - sum(dy) / n - xh * sum(dy * xh) / n)
// where the sums run over all processes; those of the weight and the bias stay local, since the trainer sums all
// gradients of parameters afterwards.
class SyncBatchNorm : public torch::autograd::Function<SyncBatchNorm> {
 public:
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, torch::Tensor x,
                                                torch::Tensor weight, torch::Tensor bias, double eps) {
    std::vector<std::int64_t> dims{0}, shape(static_cast<std::size_t>(x.dim()), 1);
    for (std::int64_t d = 2; d < x.dim(); ++d) dims.push_back(d);
    shape[1] = x.size(1);
    // One row: the sums of all channels, and the number of samples.
    torch::Tensor sums =
        torch::cat({x.sum(dims, false, torch::kFloat64),
                    torch::full({1}, static_cast<double>(x.numel() / x.size(1)), x.options().dtype(torch::kFloat64))});
    sum_over_processes(sums);
    const double n = sums[-1].item<double>();
    torch::Tensor mean = sums.slice(0, 0, -1) / n;
    torch::Tensor centred = x.to(torch::kFloat32) - mean.to(torch::kFloat32).view(shape);
    torch::Tensor squares = centred.square().sum(dims, false, torch::kFloat64);
    sum_over_processes(squares);
    torch::Tensor variance = squares / n;
    torch::Tensor inverse = (variance + eps).rsqrt().to(torch::kFloat32);
    torch::Tensor xh = centred * inverse.view(shape);
    context->save_for_backward({xh, weight, inverse});
    context->saved_data["n"] = n;
    torch::Tensor y = (xh * weight.view(shape) + bias.view(shape)).to(x.scalar_type());
    return {y, mean.to(torch::kFloat32), (variance * (n / std::max(n - 1, 1.0))).to(torch::kFloat32)};
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    auto saved = context->get_saved_variables();
    const torch::Tensor &xh = saved[0], &weight = saved[1], &inverse = saved[2];
    const double n = context->saved_data["n"].toDouble();
    torch::Tensor dy = grads[0].to(torch::kFloat32);
    std::vector<std::int64_t> dims{0}, shape(static_cast<std::size_t>(xh.dim()), 1);
    for (std::int64_t d = 2; d < xh.dim(); ++d) dims.push_back(d);
    shape[1] = xh.size(1);
    torch::Tensor d_bias = dy.sum(dims), d_weight = (dy * xh).sum(dims);
    torch::Tensor sums = torch::cat({d_bias, d_weight}).to(torch::kFloat64);
    sum_over_processes(sums);
    std::vector<torch::Tensor> halves = (sums / n).to(torch::kFloat32).chunk(2);
    torch::Tensor dx = (weight * inverse).view(shape) * (dy - halves[0].view(shape) - xh * halves[1].view(shape));
    return {dx.to(grads[0].scalar_type()), d_weight, d_bias, {}};
  }
};

torch::Tensor sync_batch_norm(const TorchArgs& a, double momentum, double eps) {
  auto out = SyncBatchNorm::apply(a[0], a[1], a[2], eps);
  torch::NoGradGuard no_grad;
  torch::Tensor running_mean = a[3], running_variance = a[4];
  running_mean.lerp_(out[1], momentum);
  running_variance.lerp_(out[2], momentum);
  return out[0];
}

}  // namespace

FRUGAL_TORCH(batch_norm) {
  registry.add("batch_norm", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const double momentum = attr_real(a.node, "momentum"), eps = attr_real(a.node, "eps");
    if (a.training && Communicator::instance().size() > 1) return {sync_batch_norm(a, momentum, eps)};
    return {torch::batch_norm(a[0], a[1], a[2], a[3], a[4], a.training, momentum, eps, false)};
  });
}

}  // namespace frugal
