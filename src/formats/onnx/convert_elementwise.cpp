// Element by element: activations, arithmetic, comparisons.
#include <cmath>
#include <limits>

#include "formats/onnx/importer.h"
#include "formats/onnx/tensor.h"

namespace frugal::onnx_import {
namespace {

Converter unary(const char* op) {
  return [op](ImportNode& n) { n.result(op, {n.in(0)}); };
}

// ONNX wants both operands of one type; after half types were widened they are.
Converter binary(const char* op) {
  return [op](ImportNode& n) { n.result(op, {n.in(0), n.in(1)}); };
}

struct RealAttr {
  const char *ours, *theirs;
  double fallback;
};

Converter with_reals(const char* op, std::vector<RealAttr> list) {
  return [op, list](ImportNode& n) {
    Attrs attrs;
    for (const RealAttr& a : list) attrs[a.ours] = n.real(a.theirs, a.fallback);
    n.result(op, {n.in(0)}, std::move(attrs));
  };
}

Converter variadic(const char* op) {
  return [op](ImportNode& n) {
    n.require(n.input_count() > 0, "it has no input");
    ValueId sum = n.in(0);
    for (std::size_t i = 1; i + 1 < n.input_count(); ++i) sum = n.op(op, {sum, n.in(i)});
    if (n.input_count() > 1)
      n.result(op, {sum, n.in(n.input_count() - 1)});
    else
      n.out(0, sum);
  };
}

void mean(ImportNode& n) {
  ValueId sum = n.in(0);
  for (std::size_t i = 1; i < n.input_count(); ++i) sum = n.op("add", {sum, n.in(i)});
  n.result("mul", {sum, n.scalar(1.0 / static_cast<double>(n.input_count()))});
}

void clip(ImportNode& n) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  const bool old = n.opset() < 11;
  const DType dtype = n.type(0).dtype;
  auto bound = [&](std::size_t i, const char* attr, double fallback) -> std::optional<double> {
    if (old) return n.real(attr, fallback);
    if (!n.has(i)) return fallback;
    std::optional<Known> k = n.known(i);
    if (!k || k->symbolic() || k->elements.size() != 1) return std::nullopt;
    return std::clamp(k->elements[0].value(), -kLargest, kLargest);
  };
  std::optional<double> low = bound(1, "min", -kLargest), high = bound(2, "max", kLargest);
  if (dtype == DType::f32 && low && high && *low <= *high) {
    if (*low == 0 && *high == kLargest) return n.result("relu", {n.in(0)});
    if (*low == 0 && *high == 6) return n.result("relu6", {n.in(0)});
    return n.result("clip", {n.in(0)}, {{"min", *low}, {"max", *high}});
  }
  if (old) n.require(low && high && *low <= *high && dtype == DType::f32, "its bounds are in the wrong order");
  ValueId x = n.in(0);
  if (n.has(1) && n.has(2)) {
    x = n.op("maximum", {x, n.in(1)});
    return n.result("minimum", {x, n.in(2)});
  }
  if (n.has(1)) return n.result("maximum", {x, n.in(1)});
  if (n.has(2)) return n.result("minimum", {x, n.in(2)});
  n.out(0, x);
}

// One slope, or one a channel; other shapes are written out: max(x, 0) + slope * min(x, 0).
void prelu(ImportNode& n) {
  const SymShape x = n.shape(0), slope = n.shape(1);
  if (n.type(0).dtype == DType::f32 && x.size() >= 2) {
    // One a channel: [C, 1, ...] or [1, C, 1, ...], the channel aligned at dim 1.
    std::size_t ones = 0;
    for (const Dim& d : slope) ones += d == Dim(1) ? 1 : 0;
    const bool one = ones == slope.size();
    const std::size_t at = slope.size() == x.size() ? 1 : 0;
    const bool channels = slope.size() + 1 - at == x.size() && slope[at] == x[1] && ones + 1 == slope.size();
    if (one || channels) return n.result("prelu", {n.in(0), n.reshape(n.in(1), {one ? Dim(1) : x[1]})});
  }
  ValueId zero = n.scalar(0, n.type(0).dtype);
  ValueId positive = n.op("maximum", {n.in(0), zero}), negative = n.op("minimum", {n.in(0), zero});
  n.result("add", {positive, n.op("mul", {negative, n.in(1)})});
}

void cast(ImportNode& n) {
  DType to = dtype_from_onnx(n.integer("to", 1));
  const DType from = n.type(0).dtype;
  if (to == DType::f16 || to == DType::bf16) {
    // Computed in float32. Where float32 was asked to lose digits, it does.
    const bool rounds = from == DType::f32 || from == DType::f64;
    if (rounds && OpRegistry::instance().find("cast")) {
      ValueId half = n.op("cast", {n.in(0)}, {{"to", std::string(name(to))}});
      return n.result("cast", {half}, {{"to", "float32"}});
    }
    to = DType::f32;
  }
  if (from == to) return n.out(0, n.in(0));
  n.result("cast", {n.in(0)}, {{"to", std::string(name(to))}});
}

void pow(ImportNode& n) {
  if (std::optional<Known> k = n.known(1);
      k && k->elements.size() == 1 && !k->symbolic() && n.type(0).dtype == DType::f32 && k->shape.size() <= n.rank(0)) {
    const double e = k->elements[0].value();
    if (e == 1) return n.out(0, n.in(0));
    if (e == 2) return n.result("mul", {n.in(0), n.in(0)});
    if (e == 3) return n.result("mul", {n.op("mul", {n.in(0), n.in(0)}), n.in(0)});
    if (e == 0.5 && OpRegistry::instance().find("sqrt")) return n.result("sqrt", {n.in(0)});
  }
  ValueId exponent = n.in(1);
  if (n.type(1).dtype != n.type(0).dtype)
    exponent = n.op("cast", {exponent}, {{"to", std::string(name(n.type(0).dtype))}});
  n.result("pow", {n.in(0), exponent});
}

void is_inf(ImportNode& n) {
  n.result("is_inf", {n.in(0)},
           {{"detect_negative", n.integer("detect_negative", 1) != 0},
            {"detect_positive", n.integer("detect_positive", 1) != 0}});
}

void swish(ImportNode& n) {
  const double alpha = n.real("alpha", 1);
  if (alpha == 1) return n.result("silu", {n.in(0)});
  n.result("mul", {n.in(0), n.op("sigmoid", {n.op("mul", {n.in(0), n.scalar(alpha)})})});
}

}  // namespace

void add_elementwise(ConverterTable& t) {
  const std::pair<const char*, const char*> unaries[] = {{"Relu", "relu"},
                                                         {"Sigmoid", "sigmoid"},
                                                         {"Tanh", "tanh"},
                                                         {"Exp", "exp"},
                                                         {"Abs", "abs"},
                                                         {"Neg", "neg"},
                                                         {"Sqrt", "sqrt"},
                                                         {"Log", "log"},
                                                         {"Erf", "erf"},
                                                         {"Floor", "floor"},
                                                         {"Ceil", "ceil"},
                                                         {"Round", "round"},
                                                         {"Sign", "sign"},
                                                         {"Reciprocal", "reciprocal"},
                                                         {"Sin", "sin"},
                                                         {"Cos", "cos"},
                                                         {"Tan", "tan"},
                                                         {"Asin", "asin"},
                                                         {"Acos", "acos"},
                                                         {"Atan", "atan"},
                                                         {"Sinh", "sinh"},
                                                         {"Cosh", "cosh"},
                                                         {"Asinh", "asinh"},
                                                         {"Acosh", "acosh"},
                                                         {"Atanh", "atanh"},
                                                         {"Softplus", "softplus"},
                                                         {"Softsign", "softsign"},
                                                         {"Not", "logical_not"},
                                                         {"BitwiseNot", "bitwise_not"},
                                                         {"IsNaN", "is_nan"},
                                                         {"HardSwish", "hard_swish"},
                                                         {"Mish", "mish"}};
  for (auto [theirs, ours] : unaries) t[theirs] = unary(ours);
  const std::pair<const char*, const char*> binaries[] = {{"Add", "add"},
                                                          {"Sub", "sub"},
                                                          {"Mul", "mul"},
                                                          {"Div", "div"},
                                                          {"Equal", "equal"},
                                                          {"Less", "less"},
                                                          {"LessOrEqual", "less_or_equal"},
                                                          {"Greater", "greater"},
                                                          {"GreaterOrEqual", "greater_or_equal"},
                                                          {"And", "logical_and"},
                                                          {"Or", "logical_or"},
                                                          {"Xor", "logical_xor"},
                                                          {"BitwiseAnd", "bitwise_and"},
                                                          {"BitwiseOr", "bitwise_or"},
                                                          {"BitwiseXor", "bitwise_xor"}};
  for (auto [theirs, ours] : binaries) t[theirs] = binary(ours);
  t["LeakyRelu"] = with_reals("leaky_relu", {{"slope", "alpha", 0.01}});
  t["HardSigmoid"] = with_reals("hard_sigmoid", {{"alpha", "alpha", 0.2}, {"beta", "beta", 0.5}});
  t["Elu"] = with_reals("elu", {{"alpha", "alpha", 1}});
  t["Celu"] = with_reals("celu", {{"alpha", "alpha", 1}});
  t["ThresholdedRelu"] = with_reals("thresholded_relu", {{"alpha", "alpha", 1}});
  t["Shrink"] = with_reals("shrink", {{"lambd", "lambd", 0.5}, {"bias", "bias", 0}});
  t["Selu"] = with_reals(
      "selu", {{"alpha", "alpha", 1.67326319217681884765625}, {"gamma", "gamma", 1.05070102214813232421875}});
  t["Sum"] = variadic("add");
  t["Max"] = variadic("maximum");
  t["Min"] = variadic("minimum");
  t["Mean"] = mean;
  t["Clip"] = clip;
  t["PRelu"] = prelu;
  t["Cast"] = cast;
  t["CastLike"] = [](ImportNode& n) {
    const DType to = n.type(1).dtype;
    if (n.type(0).dtype == to) return n.out(0, n.in(0));
    n.result("cast", {n.in(0)}, {{"to", std::string(name(to))}});
  };
  t["Pow"] = pow;
  t["IsInf"] = is_inf;
  t["Swish"] = swish;
  t["Mod"] = [](ImportNode& n) { n.result("mod", {n.in(0), n.in(1)}, {{"fmod", n.integer("fmod", 0) != 0}}); };
  t["BitShift"] = [](ImportNode& n) {
    n.result("bit_shift", {n.in(0), n.in(1)}, {{"direction", n.text("direction", "") == "LEFT" ? "left" : "right"}});
  };
  t["Where"] = [](ImportNode& n) { n.result("where", {n.in(0), n.in(1), n.in(2)}); };
  t["Gelu"] = [](ImportNode& n) { n.result("gelu", {n.in(0)}, {{"approximate", n.text("approximate", "none")}}); };
  t["Identity"] = [](ImportNode& n) {
    if (std::optional<Known> k = n.known(0); k && k->symbolic()) return n.out(0, *k);
    n.out(0, n.in(0));
  };
  t["Dropout"] = [](ImportNode& n) {
    if (n.has(2)) {
      std::optional<Known> training = n.known(2);
      n.require(training && training->elements.size() == 1 && training->elements[0].value() == 0,
                "it drops elements at random (training mode)");
    }
    if (n.wants(1)) n.refuse("its mask is used");
    n.out(0, n.in(0));
  };
}

}  // namespace frugal::onnx_import
