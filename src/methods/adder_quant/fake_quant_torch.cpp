#include "methods/adder_quant/fake_quant_torch.h"

#include <cmath>
#include <limits>

#include "ops/adder_conv2d/torch.h"
#include "train/communicator.h"
#include "train/interpreter.h"

namespace frugal {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

// The gradient's root mean square becomes eta, over the whole layer (adder_quant digest, 2.2).
struct ScaleGradient : torch::autograd::Function<ScaleGradient> {
  static Tensor forward(AutogradContext* context, const Tensor& w, double eta) {
    context->saved_data["eta"] = eta;
    return w.view_as(w);
  }
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const double eta = context->saved_data["eta"].toDouble();
    const Tensor& g = gradients[0];
    if (eta <= 0) return {g, {}};
    return {g * (eta * std::sqrt(static_cast<double>(g.numel())) / g.norm().clamp_min(1e-12)), {}};
  }
};

// Straight through: `value` forward, the gradient where `kept`.
struct StraightThrough : torch::autograd::Function<StraightThrough> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& value, const Tensor& kept) {
    context->save_for_backward({kept});
    (void)x;
    return value;
  }
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const Tensor kept = context->get_saved_variables()[0];
    return {gradients[0] * kept, {}, {}};
  }
};

struct Group {
  float step, range;
};

Tensor on_input_grid(const Tensor& x, const AdderGrid& grid, const Group& group) {
  torch::NoGradGuard no_grad;
  const auto most = static_cast<double>((1 << grid.bits) - 1);
  Tensor cut = torch::nan_to_num(x.detach());
  Tensor kept = torch::ones_like(cut, torch::kBool);
  if (grid.limit > 0) {
    const double low = grid.zero > 0 ? -grid.limit : -std::numeric_limits<double>::infinity();
    kept = (cut <= grid.limit).logical_and_(cut >= low);
    cut = cut.clamp(low, grid.limit);
  }
  // A tensor of one element, so that LibTorch multiplies by a float as the engine does.
  const Tensor steps = (cut * torch::full({}, 1.0f / group.step, cut.options())).round_().add_(grid.zero);
  kept.logical_and_(steps >= 0);
  if (!grid.restore) kept.logical_and_(steps <= most);
  const Tensor numbers = grid.restore ? steps.clamp_min(0) : steps.clamp(0, most);
  const Tensor value = (numbers - grid.zero) * group.step;
  torch::AutoGradMode grad(true);
  return StraightThrough::apply(x, value, kept);
}

// A group's weights on its grid.
struct GridWeight {
  Tensor numbers;  // in the kernel
  Tensor cut;      // what the clamp takes off
  Tensor kept;     // whether it takes off nothing
};

GridWeight on_weight_grid(const Tensor& weight, const AdderGrid& grid, const Group& group) {
  torch::NoGradGuard no_grad;
  const Tensor w = weight.detach();
  const double low = grid.lowest(group.range), half = 1 << (grid.bits - 1), most = (1 << grid.bits) - 1;
  const Tensor clamped = w.clamp(low, group.range);
  const double unit = grid.doubled ? 2 * group.step : group.step;
  const Tensor steps = (clamped * torch::full({}, 1.0f / static_cast<float>(unit), w.options())).round_();
  const Tensor numbers = grid.doubled ? steps.clamp(-half, half - 1) : steps.clamp(-grid.zero, most - grid.zero);
  return {numbers * unit, w - clamped, w == clamped};
}

// One group's layer. What the clamp cuts off is a constant, |x - w| = |x - clamped| + |w - clamped|, but the gradients
// are those of the whole weight: with the clamped one, an input below a weight or above a negative one that became 0
// would have none, and most weights of a trained network lie there.
Tensor group_forward(const Node& node, const Tensor& x, const Tensor& w, const AdderGrid& grid, const Group& group,
                     bool lossless) {
  const GridWeight on_grid = on_weight_grid(w, grid, group);
  const Tensor on_x = on_input_grid(x, grid, group);
  if (!lossless)
    return adder_conv2d(node, on_x, StraightThrough::apply(w, w.detach(), on_grid.kept), on_grid.numbers,
                        on_grid.numbers);
  const Tensor cut = on_grid.cut.abs().flatten(1).sum(1, false, torch::kFloat64).to(w.scalar_type());
  return adder_conv2d(node, on_x, w, on_grid.numbers, on_grid.numbers + on_grid.cut) - cut.view({1, -1, 1, 1});
}

}  // namespace

FakeQuantizedAdder::FakeQuantizedAdder(AdderLayerPlan plan, const AdderGridSettings& settings)
    : plan_(std::move(plan)), settings_(settings) {
  std::vector<std::int64_t> one_after_another(plan_.scales.group.size());
  std::int64_t at = 0;
  for (std::size_t g = 0; g < plan_.scales.range.size(); ++g) {
    std::vector<std::int64_t> own;
    for (std::size_t t = 0; t < plan_.scales.group.size(); ++t)
      if (plan_.scales.group[t] == static_cast<int>(g)) {
        own.push_back(static_cast<std::int64_t>(t));
        one_after_another[t] = at++;
      }
    kernels_.push_back(torch::tensor(own, torch::kLong));
  }
  order_ = torch::tensor(one_after_another, torch::kLong);
}

void FakeQuantizedAdder::follow(const torch::Tensor& x) {
  torch::NoGradGuard no_grad;
  constexpr std::int64_t kEnough = 65536;
  const torch::Tensor flat = x.detach().reshape({-1});
  const torch::Tensor some = flat.slice(0, 0, flat.numel(), std::max<std::int64_t>(1, flat.numel() / kEnough));
  Communicator& all = Communicator::instance();
  const double now = all.sum(outlier_free_magnitude(from_torch(some.to(torch::kFloat32)), alpha)) / all.size();
  if (std::isfinite(now))
    plan_.input.magnitude = static_cast<float>(0.9 * plan_.input.magnitude + 0.1 * std::max(now, 1e-3));
}

torch::Tensor FakeQuantizedAdder::forward(const TorchArgs& args) {
  if (args.training) follow(args[0]);
  fit_ranges(from_torch(args[1].detach()), plan_.input, settings_, plan_.scales);
  const AdderGrid grid = adder_grid(plan_.input, plan_.scales, settings_);
  Node plain = args.node;  // the layer is scaled as a whole, its groups are not
  plain.attrs["eta"] = Attr(0.0);
  const torch::Tensor x = args[0].contiguous(), w = ScaleGradient::apply(args[1], attr_real(args.node, "eta"));
  std::vector<torch::Tensor> parts;
  for (std::size_t g = 0; g < kernels_.size(); ++g) {
    const torch::Tensor own = kernels_.size() == 1 ? w : w.index_select(0, kernels_[g].to(w.device()));
    parts.push_back(group_forward(plain, x, own, grid, {grid.step[g], plan_.scales.range[g]},
                                  settings_.clamp != WeightClamp::lost));
  }
  torch::Tensor y = parts.size() == 1 ? parts[0] : torch::cat(parts, 1).index_select(1, order_.to(w.device()));
  if (args.has(2)) y = y + args[2].view({1, -1, 1, 1});
  return y;
}

}  // namespace frugal
