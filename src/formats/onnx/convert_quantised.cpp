// Quantised graphs: the QDQ form, and the operators on bytes written out in it (ONNX's own, and those of ONNX Runtime's
// domain that its quantiser makes), so that the compiler sees one form only.
#include <google/protobuf/repeated_field.h>

#include <algorithm>

#include "formats/onnx/importer.h"
#include "formats/onnx/tensor.h"

namespace frugal::onnx_import {
namespace {

void dequantize(ImportNode& n) {
  n.require(n.integer("block_size", 0) == 0, "blocked scales are not supported");
  n.result("dequantize_linear", {n.in(0), n.in(1), n.optional_in(2)}, {{"axis", n.integer("axis", 1)}});
}

void quantize(ImportNode& n) {
  n.require(n.integer("block_size", 0) == 0, "blocked scales are not supported");
  ValueId zero = n.optional_in(2);
  if (zero == kNone) zero = n.constant(Tensor(DType::u8, fixed_shape(n.shape(1))));
  n.result("quantize_linear", {n.in(0), n.in(1), zero}, {{"axis", n.integer("axis", 1)}});
}

// A node as several nodes of ONNX, which are imported in its place.
class Expansion {
 public:
  explicit Expansion(ImportNode& n) : n_(n) {}

  std::string input(std::size_t i) const { return n_.has(i) ? n_.proto().input(static_cast<int>(i)) : ""; }
  const std::string& output(int i = 0) const { return n_.proto().output(i); }

  std::string constant(const Tensor& data) {
    const std::string name = fresh();
    auto binding = std::make_shared<Binding>();
    binding->data = data;
    n_.scope().names[name] = binding;
    return name;
  }

  // Output 0 of the new node, named `as` or freshly.
  std::string add(const std::string& op, const std::vector<std::string>& inputs, std::string as = "") {
    onnx::NodeProto& node = *nodes_.Add();
    node.set_op_type(op);
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(as.empty() ? as = fresh() : as);
    return as;
  }
  void integer(const char* name, std::int64_t value) {
    onnx::AttributeProto& a = *nodes_.rbegin()->add_attribute();
    a.set_name(name), a.set_type(onnx::AttributeProto::INT), a.set_i(value);
  }
  // Attributes of the node that stands for several go to the one that does its work.
  void own_attributes(std::initializer_list<std::string_view> except = {}) {
    for (const onnx::AttributeProto& a : n_.proto().attribute())
      if (std::find(except.begin(), except.end(), a.name()) == except.end()) *nodes_.rbegin()->add_attribute() = a;
  }

  // Inputs x, x + 1 and x + 2 (bytes, scale, zero point) as floats.
  std::string floats(std::size_t x, std::int64_t axis = 1) {
    std::string y = add("DequantizeLinear", {input(x), input(x + 1), input(x + 2)});
    integer("axis", axis);
    return y;
  }
  void bytes(const std::string& y, std::size_t scale) {
    add("QuantizeLinear", {y, input(scale), input(scale + 1)}, output());
  }

  void import() { n_.importer().import_nodes(n_.scope(), nodes_); }

 private:
  std::string fresh() { return n_.importer().unique(fmt::format("{}:{}", output(), count_++)); }

  ImportNode& n_;
  google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes_;
  int count_ = 0;
};

// An int32 bias counts in steps of the product of both scales.
std::string bias(Expansion& e, ImportNode& n, std::size_t i, std::size_t x_scale, std::size_t w_scale) {
  if (!n.has(i)) return "";
  const Tensor *x = n.data(x_scale), *w = n.data(w_scale);
  std::string scale;
  if (x && w && x->numel() == 1) {
    Tensor product(DType::f32, w->shape());
    for (std::int64_t k = 0; k < product.numel(); ++k)
      product.data<float>()[k] = x->data<float>()[0] * w->data<float>()[k];
    scale = e.constant(product);
  } else {
    scale = e.add("Mul", {e.input(x_scale), e.input(w_scale)});
  }
  std::string y = e.add("DequantizeLinear", {e.input(i), scale});
  e.integer("axis", 0);
  return y;
}

void qlinear_conv(ImportNode& n) {
  Expansion e(n);
  const std::string x = e.floats(0), w = e.floats(3, 0), b = bias(e, n, 8, 1, 4);
  const std::string y = e.add("Conv", {x, w, b});
  e.own_attributes({"channels_last"});
  n.require(n.integer("channels_last", 0) == 0, "channels_last is not supported");
  e.bytes(y, 6);
  e.import();
}

void qlinear_matmul(ImportNode& n) {
  Expansion e(n);
  const std::string a = e.floats(0, 0), b = e.floats(3, static_cast<std::int64_t>(n.rank(3)) - 1);
  e.bytes(e.add("MatMul", {a, b}), 6);
  e.import();
}

void qgemm(ImportNode& n) {
  Expansion e(n);
  n.require(n.real("alpha", 1) == 1, "alpha is not 1");
  const std::string a = e.floats(0), b = e.floats(3, n.integer("transB", 0) != 0 ? 0 : 1), c = bias(e, n, 6, 1, 4);
  const std::string y = e.add("Gemm", {a, b, c}, n.has(7) ? "" : e.output());
  e.own_attributes();
  if (n.has(7)) e.bytes(y, 7);
  e.import();
}

// Written out as ONNX defines it: the range holds zero, and bytes of it.
void dynamic_quantize(ImportNode& n) {
  Expansion e(n);
  auto number = [&](float value) { return e.constant(Tensor::scalar(value)); };
  auto extreme = [&](const char* reduce, const char* with_zero) {
    const std::string all = e.add(reduce, {e.input(0)});
    e.integer("keepdims", 0);
    return e.add(with_zero, {all, number(0)});
  };
  const std::string low = extreme("ReduceMin", "Min"), high = extreme("ReduceMax", "Max");
  // Where all is zero, any scale does.
  const std::string scale = e.add("Max", {e.add("Div", {e.add("Sub", {high, low}), number(255)}), number(1e-30f)},
                                  n.wants(1) ? e.output(1) : "");
  const std::string steps = e.add("Round", {e.add("Div", {e.add("Neg", {low}), scale})});
  const std::string zero =
      e.add("Cast", {e.add("Clip", {steps, number(0), number(255)})}, n.wants(2) ? e.output(2) : "");
  e.integer("to", onnx::TensorProto::UINT8);
  e.add("QuantizeLinear", {e.input(0), scale, zero}, e.output());
  e.import();
}

// One or two operands of bytes, scale and zero point, then scale and zero point of the result.
Converter elementwise(const char* op, std::size_t operands) {
  return [op, operands](ImportNode& n) {
    Expansion e(n);
    n.require(n.integer("channels_last", 0) == 0, "channels_last is not supported");
    std::vector<std::string> inputs;
    for (std::size_t i = 0; i < operands; ++i) inputs.push_back(e.floats(3 * i));
    const std::string y = e.add(op, inputs);
    e.own_attributes({"channels_last"});
    e.bytes(y, 3 * operands);
    e.import();
  };
}

void qlinear_softmax(ImportNode& n) {
  Expansion e(n);
  const std::int64_t opset = n.integer("opset", 13);
  n.require(opset >= 13, "softmax of before opset 13 is not supported");
  const std::string y = e.add("Softmax", {e.floats(0)});
  e.own_attributes({"opset"});
  e.bytes(y, 3);
  e.import();
}

void qlinear_concat(ImportNode& n) {
  Expansion e(n);
  std::vector<std::string> parts;
  for (std::size_t i = 2; i + 2 < n.input_count(); i += 3) parts.push_back(e.floats(i));
  const std::string y = e.add("Concat", parts);
  e.own_attributes();
  e.bytes(y, 0);
  e.import();
}

// Sums of products of integers as floats, which is exact up to 2^24.
void integer_product(ImportNode& n, const char* op) {
  Expansion e(n);
  const bool conv = std::string_view(op) == "Conv";
  n.require(n.rank(0) >= 2 && n.rank(1) >= 2, "its inputs must have two dims");
  auto floats = [&](std::size_t x, std::size_t zero, std::size_t axis) {
    // One scale for each zero point.
    Tensor one(DType::f32, n.has(zero) ? fixed_shape(n.shape(zero)) : Shape{});
    for (std::int64_t i = 0; i < one.numel(); ++i) one.data<float>()[i] = 1;
    std::string y = e.add("DequantizeLinear", {e.input(x), e.constant(one), e.input(zero)});
    e.integer("axis", static_cast<std::int64_t>(axis));
    return y;
  };
  const std::string x = floats(0, 2, conv ? 1 : n.rank(0) - 2), w = floats(1, 3, conv ? 0 : n.rank(1) - 1);
  const std::string y = e.add(op, {x, w});
  if (conv) e.own_attributes();
  e.add("Cast", {y}, e.output());
  e.integer("to", onnx::TensorProto::INT32);
  e.import();
}

}  // namespace

void add_quantised(ConverterTable& t) {
  t["DequantizeLinear"] = t["com.microsoft:DequantizeLinear"] = dequantize;
  t["QuantizeLinear"] = t["com.microsoft:QuantizeLinear"] = quantize;
  t["QLinearConv"] = t["com.microsoft:QLinearConv"] = qlinear_conv;
  t["QLinearMatMul"] = t["com.microsoft:QLinearMatMul"] = qlinear_matmul;
  t["DynamicQuantizeLinear"] = dynamic_quantize;
  t["MatMulInteger"] = [](ImportNode& n) { integer_product(n, "MatMul"); };
  t["ConvInteger"] = [](ImportNode& n) { integer_product(n, "Conv"); };
  t["com.microsoft:QGemm"] = qgemm;
  t["com.microsoft:QLinearAdd"] = elementwise("Add", 2);
  t["com.microsoft:QLinearMul"] = elementwise("Mul", 2);
  t["com.microsoft:QLinearSigmoid"] = elementwise("Sigmoid", 1);
  t["com.microsoft:QLinearLeakyRelu"] = elementwise("LeakyRelu", 1);
  t["com.microsoft:QLinearAveragePool"] = elementwise("AveragePool", 1);
  t["com.microsoft:QLinearGlobalAveragePool"] = elementwise("GlobalAveragePool", 1);
  t["com.microsoft:QLinearReduceMean"] = elementwise("ReduceMean", 1);
  t["com.microsoft:QLinearSoftmax"] = qlinear_softmax;
  t["com.microsoft:QLinearConcat"] = qlinear_concat;
}

}  // namespace frugal::onnx_import
