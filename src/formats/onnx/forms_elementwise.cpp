#include <cmath>
#include <limits>
#include <numbers>

#include "formats/onnx/form.h"
#include "formats/onnx/tensor.h"
#include "graph/op.h"

namespace frugal {
namespace {

constexpr double kLargest = std::numeric_limits<float>::max();

// A bound at the end of the range of float is none.
void clip(const OnnxNode& n, double low, double high) {
  n.emit("Clip", {n.in(0), low <= -kLargest ? "" : n.number(low), high >= kLargest ? "" : n.number(high)});
}

void silu(const OnnxNode& n) { n.emit("Mul", {n.in(0), n.step("Sigmoid", {n.in(0)})}); }

// x / 2 (1 + erf(x / sqrt 2)), or its approximation by tanh (arXiv 1606.08415); in the order in which PyTorch writes
// it, which other run times know as one op.
void gelu(const OnnxNode& n) {
  const std::string x = n.in(0);
  std::string inner;
  if (attr_text(n.node(), "approximate") == "tanh") {
    std::string cube = n.step("Mul", {x, n.step("Mul", {x, x})});
    std::string sum = n.step("Add", {x, n.step("Mul", {cube, n.number(0.044715)})});
    inner = n.step("Tanh", {n.step("Mul", {sum, n.number(std::sqrt(2 / std::numbers::pi))})});
  } else {
    inner = n.step("Erf", {n.step("Div", {x, n.number(std::numbers::sqrt2)})});
  }
  n.emit("Mul", {n.step("Mul", {x, n.step("Add", {inner, n.number(1)})}), n.number(0.5)});
}

// ONNX has only the remainder with the sign of a for floats: one more step gives it the sign of b.
void mod(const OnnxNode& n) {
  const bool integers = n.type(0).dtype != DType::f32 && n.type(0).dtype != DType::f64 &&
                        n.type(0).dtype != DType::f16 && n.type(0).dtype != DType::bf16;
  const bool sign_of_a = attr_flag(n.node(), "fmod");
  if (integers || sign_of_a) return n.emit("Mod", n.inputs(), {{"fmod", sign_of_a}});
  std::string first = n.step("Mod", n.inputs(), {{"fmod", true}});
  n.emit("Mod", {n.step("Add", {first, n.in(1)}), n.in(1)}, {{"fmod", true}});
}

// ONNX broadcasts the slope from the right, we give one a channel.
void prelu(const OnnxNode& n) {
  std::string slope = n.in(1);
  if (n.rank(0) > 2) {
    Ints shape(n.rank(0) - 1, 1);
    shape[0] = -1;
    slope = n.step("Reshape", {slope, n.ints(shape)});
  }
  n.emit("PRelu", {n.in(0), slope});
}

}  // namespace

void add_elementwise_forms(OnnxForms& forms) {
  for (auto [ours, theirs] :
       std::initializer_list<std::pair<const char*, const char*>>{{"relu", "Relu"},
                                                                  {"sigmoid", "Sigmoid"},
                                                                  {"tanh", "Tanh"},
                                                                  {"exp", "Exp"},
                                                                  {"log", "Log"},
                                                                  {"sqrt", "Sqrt"},
                                                                  {"erf", "Erf"},
                                                                  {"abs", "Abs"},
                                                                  {"neg", "Neg"},
                                                                  {"sign", "Sign"},
                                                                  {"floor", "Floor"},
                                                                  {"ceil", "Ceil"},
                                                                  {"round", "Round"},
                                                                  {"reciprocal", "Reciprocal"},
                                                                  {"sin", "Sin"},
                                                                  {"cos", "Cos"},
                                                                  {"tan", "Tan"},
                                                                  {"asin", "Asin"},
                                                                  {"acos", "Acos"},
                                                                  {"atan", "Atan"},
                                                                  {"sinh", "Sinh"},
                                                                  {"cosh", "Cosh"},
                                                                  {"asinh", "Asinh"},
                                                                  {"acosh", "Acosh"},
                                                                  {"atanh", "Atanh"},
                                                                  {"softplus", "Softplus"},
                                                                  {"softsign", "Softsign"},
                                                                  {"mish", "Mish"},
                                                                  {"is_nan", "IsNaN"},
                                                                  {"logical_not", "Not"},
                                                                  {"bitwise_not", "BitwiseNot"},
                                                                  {"hard_swish", "HardSwish"},
                                                                  {"add", "Add"},
                                                                  {"sub", "Sub"},
                                                                  {"mul", "Mul"},
                                                                  {"div", "Div"},
                                                                  {"pow", "Pow"},
                                                                  {"maximum", "Max"},
                                                                  {"minimum", "Min"},
                                                                  {"equal", "Equal"},
                                                                  {"less", "Less"},
                                                                  {"less_or_equal", "LessOrEqual"},
                                                                  {"greater", "Greater"},
                                                                  {"greater_or_equal", "GreaterOrEqual"},
                                                                  {"logical_and", "And"},
                                                                  {"logical_or", "Or"},
                                                                  {"logical_xor", "Xor"},
                                                                  {"bitwise_and", "BitwiseAnd"},
                                                                  {"bitwise_or", "BitwiseOr"},
                                                                  {"bitwise_xor", "BitwiseXor"},
                                                                  {"where", "Where"},
                                                                  {"dropout", "Identity"}})
    forms.rename(ours, theirs);
  forms.rename("hard_sigmoid", "HardSigmoid", {{"alpha", "alpha"}, {"beta", "beta"}});
  forms.rename("leaky_relu", "LeakyRelu", {{"slope", "alpha"}});
  forms.rename("elu", "Elu", {{"alpha", "alpha"}});
  forms.rename("celu", "Celu", {{"alpha", "alpha"}});
  forms.rename("selu", "Selu", {{"alpha", "alpha"}, {"gamma", "gamma"}});
  forms.rename("thresholded_relu", "ThresholdedRelu", {{"alpha", "alpha"}});
  forms.rename("shrink", "Shrink", {{"lambd", "lambd"}, {"bias", "bias"}});
  forms.rename("is_inf", "IsInf", {{"detect_negative", "detect_negative"}, {"detect_positive", "detect_positive"}});
  forms.add("bit_shift", [](const OnnxNode& n) {
    n.emit("BitShift", n.inputs(), {{"direction", attr_text(n.node(), "direction") == "left" ? "LEFT" : "RIGHT"}});
  });
  forms.add("relu6", [](const OnnxNode& n) { clip(n, 0, 6); });
  forms.add("clip", [](const OnnxNode& n) { clip(n, attr_real(n.node(), "min"), attr_real(n.node(), "max")); });
  forms.add("cast", [](const OnnxNode& n) { n.emit("Cast", {n.in(0)}, {{"to", onnx_type(n.out_type().dtype)}}); });
  forms.add("mod", mod);
  forms.add("silu", silu);
  forms.add("gelu", gelu);
  forms.add("prelu", prelu);
}

}  // namespace frugal
