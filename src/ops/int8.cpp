#include "ops/int8.h"

namespace frugal {
namespace {

// activation(s * x) = s * activation(x) for s > 0 (with a clip's bounds scaled too).
bool scales_along(Activation a) {
  return a == Activation::none || a == Activation::relu || a == Activation::clip || a == Activation::leaky_relu;
}

}  // namespace

std::vector<AttrSpec> int8_store_attrs(std::vector<AttrSpec> more) {
  std::vector<std::string> names;
  for (int a = 0; a <= static_cast<int>(Activation::exp); ++a)
    if (a != static_cast<int>(Activation::prelu)) names.emplace_back(name(static_cast<Activation>(a)));
  std::vector<AttrSpec> common = {
      {"activation", AttrType::text, Attr(std::string("none")), "of the sum", {}, {}, names},
      {"alpha", AttrType::real, Attr(0.0), "of the activation"},
      {"beta", AttrType::real, Attr(0.0), "of the activation"},
      {"residual_scale", AttrType::real, Attr(1.0), "of a residual of bytes"},
      {"residual_zero", AttrType::integer, Attr(0), "of a residual of bytes", 0, 255},
      {"residual_last", AttrType::boolean, Attr(false), "the residual is added after the activation"},
      {"y_scale", AttrType::real, Attr(0.0), "of the output; 0: the output is float32", 0},
      {"y_zero", AttrType::integer, Attr(0), "of the output", 0, 255}};
  more.insert(more.end(), common.begin(), common.end());
  return more;
}

ValueType int8_output(const OpContext& c, SymShape shape) {
  return {c.real("y_scale") > 0 ? DType::u8 : DType::f32, std::move(shape)};
}

void require_residual(const OpContext& c, std::size_t i, const SymShape& shape) {
  if (!c.has(i)) return;
  c.require(c.input(i).dtype == DType::u8 || c.input(i).dtype == DType::f32, "the residual is {}, not uint8 or float32",
            name(c.input(i).dtype));
  c.require(c.shape(i) == shape, "the residual has shape [{}], the output [{}]", to_string(c.shape(i)),
            to_string(shape));
}

void require_int8_layer(const OpContext& c, const Dim& channels) {
  c.require(c.input(0).dtype == DType::u8, "x must be uint8, not {}", name(c.input(0).dtype));
  c.require(c.input(1).dtype == DType::i8, "the weight must be int8, not {}", name(c.input(1).dtype));
  for (std::size_t i : {2, 3})
    c.require(!c.has(i) || c.shape(i) == SymShape{channels}, "{} has shape [{}], not [{}]", i == 2 ? "scale" : "bias",
              c.has(i) ? to_string(c.shape(i)) : "", channels.text());
}

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
