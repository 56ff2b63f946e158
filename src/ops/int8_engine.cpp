#include "ops/int8.h"

#include "kernels/activation_names.h"

namespace frugal {
namespace {

// activation(s * x) = s * activation(x) for s > 0 (with a clip's bounds scaled too).
bool scales_along(Activation a) {
  return a == Activation::none || a == Activation::relu || a == Activation::clip || a == Activation::leaky_relu;
}

}  // namespace

Int8Store int8_store(const NodeContext& c, const std::vector<float>& multiplier, const std::vector<float>& bias,
                     int block) {
  const auto real = [&](std::string_view attr) { return static_cast<float>(attr_real(c.node, attr)); };
  Int8Store out;
  Int8Epilogue& e = out.epilogue;
  e.activation = {
      .kind = activation_from_name(attr_text(c.node, "activation")), .alpha = real("alpha"), .beta = real("beta")};
  e.residual_last = attr_flag(c.node, "residual_last");
  e.residual_scale = real("residual_scale");
  e.residual_zero = static_cast<std::int32_t>(attr_int(c.node, "residual_zero"));
  e.quantized = c.out().dtype == DType::u8;
  e.zero = static_cast<std::int32_t>(attr_int(c.node, "y_zero"));
  double steps = e.quantized ? 1 / attr_real(c.node, "y_scale") : 1;
  if (scales_along(e.activation.kind)) {
    e.residual_scale = static_cast<float>(e.residual_scale * steps);
    if (e.activation.kind == Activation::clip) {
      e.activation.alpha = static_cast<float>(e.activation.alpha * steps);
      e.activation.beta = static_cast<float>(e.activation.beta * steps);
    }
  } else {
    e.to_steps = static_cast<float>(steps);
    steps = 1;
  }
  const auto padded = (static_cast<std::int64_t>(multiplier.size()) + block - 1) / block * block;
  out.multiplier = Tensor(DType::f32, {padded});
  out.bias = Tensor(DType::f32, {padded});
  for (std::size_t i = 0; i < multiplier.size(); ++i) {
    out.multiplier.data<float>()[i] = static_cast<float>(multiplier[i] * steps);
    if (!bias.empty()) out.bias.data<float>()[i] = static_cast<float>(bias[i] * steps);
  }
  e.multiplier = out.multiplier.data<float>();
  e.bias = out.bias.data<float>();
  return out;
}

void set_residual(const RunArgs& args, std::size_t i, Int8Epilogue& epilogue) {
  if (i < args.in.size()) epilogue.residual = args.in[i];
}

}  // namespace frugal
