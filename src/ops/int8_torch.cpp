#include "ops/int8_torch.h"

namespace frugal {
namespace {

torch::Tensor activated(const torch::Tensor& x, const std::string& kind, double alpha, double beta) {
  if (kind == "relu") return torch::relu(x);
  if (kind == "clip") return torch::clamp(x, alpha, beta);
  if (kind == "leaky_relu") return torch::leaky_relu(x, alpha);
  if (kind == "sigmoid") return torch::sigmoid(x);
  if (kind == "hard_sigmoid") return torch::clamp(x * alpha + beta, 0, 1);
  if (kind == "silu") return torch::silu(x);
  if (kind == "hard_swish") return x * torch::clamp(x / 6 + 0.5, 0, 1);
  if (kind == "gelu") return torch::gelu(x);
  if (kind == "gelu_tanh") return torch::gelu(x, "tanh");
  if (kind == "tanh") return torch::tanh(x);
  if (kind == "exp") return torch::exp(x);
  return x;
}

}  // namespace

torch::Tensor int8_numbers_torch(const TorchArgs& a) {
  const torch::Tensor x = a[0].to(torch::kFloat64);
  return a.has(5) ? x - a[5].to(torch::kFloat64).reshape({}) : x - attr_int(a.node, "x_zero");
}

torch::Tensor int8_weight_torch(const TorchArgs& a) {
  const torch::Tensor w = a[1].to(torch::kFloat64);
  if (!a.has(7)) return w;
  std::vector<std::int64_t> shape(static_cast<std::size_t>(w.dim()), 1);
  shape[0] = w.size(0);
  return w - a[7].to(torch::kFloat64).reshape(shape);
}

torch::Tensor int8_store_torch(const TorchArgs& a, torch::Tensor v, std::size_t residual) {
  torch::Tensor added;
  if (a.has(residual)) {
    added = a[residual].to(v.scalar_type());
    if (!a[residual].is_floating_point()) added = added - attr_int(a.node, "residual_zero");
    added = added * attr_real(a.node, "residual_scale");
  }
  const bool last = attr_flag(a.node, "residual_last");
  if (added.defined() && !last) v = v + added;
  v = activated(v, attr_text(a.node, "activation"), attr_real(a.node, "alpha"), attr_real(a.node, "beta"));
  if (added.defined() && last) v = v + added;
  const double scale = attr_real(a.node, "y_scale");
  if (scale <= 0) return v.to(torch::kFloat32);
  return (torch::round(v / scale) + attr_int(a.node, "y_zero")).clamp(0, 255).to(torch::kUInt8);
}

}  // namespace frugal
