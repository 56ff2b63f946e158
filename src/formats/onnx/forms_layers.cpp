#include <algorithm>
#include <numeric>

#include "formats/onnx/form.h"
#include "formats/onnx/tensor.h"
#include "graph/op.h"

namespace frugal {
namespace {

// Ours and ONNX's orders agree: top, left, bottom, right.
Attrs window(const Node& node, std::initializer_list<std::pair<const char*, const char*>> names) {
  Attrs attrs;
  for (auto [ours, theirs] : names)
    if (auto found = node.attrs.find(ours); found != node.attrs.end()) attrs[theirs] = found->second;
  return attrs;
}

Ints last_two(const SymShape& shape) {
  const std::vector<std::int64_t> dims = fixed_shape({shape.end() - 2, shape.end()});
  return {dims.begin(), dims.end()};
}

void convolution(const OnnxNode& n) {
  Attrs attrs = window(n.node(), {{"stride", "strides"},
                                  {"padding", "pads"},
                                  {"dilation", "dilations"},
                                  {"groups", "group"},
                                  {"output_padding", "output_padding"}});
  attrs["kernel_shape"] = last_two(n.type(1).shape);
  n.emit(n.node().op->name == "conv2d" ? "Conv" : "ConvTranspose", n.inputs(), attrs);
}

// A last window that would start in the padding is left out by us (as by PyTorch) and counted by ONNX. Where that makes
// another size, nothing is rounded up, and an axis that must be gets its last window by padding.
void round_up(const OnnxNode& n, Attrs& attrs) {
  const SymShape &in = n.type(0).shape, &out = n.out_type().shape;
  const Ints &kernel = attr_ints(n.node(), "kernel"), &stride = attr_ints(n.node(), "stride");
  const auto dilations = attrs.find("dilations");
  Ints pads = attr_ints(n.node(), "padding");
  bool differs = false, padded = false;
  for (std::size_t i = 0; i < 2; ++i) {
    if (!in[i + 2].fixed()) return;
    const std::int64_t d = dilations == attrs.end() ? 1 : std::get<Ints>(dilations->second.value)[i];
    const std::int64_t room = in[i + 2].value() + pads[i] + pads[i + 2] - d * (kernel[i] - 1) - 1;
    differs = differs || !(out[i + 2] == Dim((room + stride[i] - 1) / stride[i] + 1));
    const std::int64_t missing = (out[i + 2].value() - 1) * stride[i] - room;
    if (missing > 0) pads[i + 2] += missing, padded = true;
  }
  if (!differs) return;
  if (padded && n.node().op->name == "avg_pool2d" && attr_flag(n.node(), "count_include_pad"))
    n.refuse("one of height and width is rounded up and the other is not, and its padding counts");
  attrs["ceil_mode"] = false;
  attrs["pads"] = pads;
}

void pooling(const OnnxNode& n) {
  const bool largest = n.node().op->name == "max_pool2d";
  Attrs attrs = window(n.node(), {{"kernel", "kernel_shape"},
                                  {"stride", "strides"},
                                  {"padding", "pads"},
                                  {"ceil_mode", "ceil_mode"},
                                  {"count_include_pad", "count_include_pad"}});
  if (auto found = n.node().attrs.find("dilation"); found != n.node().attrs.end() && found->second != Attr(Ints{1, 1}))
    attrs["dilations"] = found->second;
  if (attr_flag(n.node(), "ceil_mode")) round_up(n, attrs);
  n.emit(largest ? "MaxPool" : "AveragePool", {n.in(0)}, attrs);
}

// [out, in] with the mean of floor(i in / out) .. ceil((i + 1) in / out) - 1 in row i.
Tensor averaging(std::int64_t in, std::int64_t out) {
  Tensor m(DType::f32, {out, in});
  for (std::int64_t i = 0; i < out; ++i) {
    const std::int64_t begin = i * in / out, end = ((i + 1) * in + out - 1) / out;
    std::fill(m.data<float>() + i * in + begin, m.data<float>() + i * in + end, 1.0f / static_cast<float>(end - begin));
  }
  return m;
}

// ONNX has no adaptive pooling: a global one, a plain one where windows are equal and side by side, or a product with a
// matrix of means from either side.
void adaptive_pooling(const OnnxNode& n) {
  const Ints& size = attr_ints(n.node(), "size");
  if (size == Ints{1, 1}) return n.emit("GlobalAveragePool", {n.in(0)});
  const SymShape& x = n.type(0).shape;
  if (!x[2].fixed() || !x[3].fixed()) n.refuse("its input must have a fixed height and width");
  if (x[2].value() % size[0] == 0 && x[3].value() % size[1] == 0) {
    const Ints window{x[2].value() / size[0], x[3].value() / size[1]};
    return n.emit("AveragePool", {n.in(0)}, {{"kernel_shape", window}, {"strides", window}});
  }
  std::string rows = n.step("MatMul", {n.tensor(averaging(x[2].value(), size[0])), n.in(0)});
  n.emit("MatMul", {rows, n.step("Transpose", {n.tensor(averaging(x[3].value(), size[1]))}, {{"perm", Ints{1, 0}}})});
}

void linear(const OnnxNode& n) {
  if (n.rank(0) == 2) return n.emit("Gemm", n.inputs(), {{"transB", 1}});
  std::string weight = n.step("Transpose", {n.in(1)}, {{"perm", Ints{1, 0}}});
  if (!n.has(2)) return n.emit("MatMul", {n.in(0), weight});
  n.emit("Add", {n.step("MatMul", {n.in(0), weight}), n.in(2)});
}

// With the last two axes exchanged.
std::string transposed(const OnnxNode& n, std::size_t input) {
  Ints perm(n.rank(input));
  std::iota(perm.begin(), perm.end(), 0);
  std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  return n.step("Transpose", {n.in(input)}, {{"perm", perm}});
}

void matmul(const OnnxNode& n) {
  n.emit("MatMul", {n.in(0), attr_flag(n.node(), "transpose_b") ? transposed(n, 1) : n.in(1)});
}

void attention(const OnnxNode& n) {
  std::string scores = n.step("MatMul", {n.in(0), transposed(n, 1)});
  scores = n.step("Mul", {scores, n.number(attr_real(n.node(), "scale"))});
  if (n.has(3)) scores = n.step("Add", {scores, n.in(3)});
  n.emit("MatMul", {n.step("Softmax", {scores}, {{"axis", -1}}), n.in(2)});
}

void layer_norm(const OnnxNode& n) {
  const std::int64_t axis = attr_int(n.node(), "axis");
  const SymShape& x = n.type(0).shape;
  std::string scale = n.in(1);
  if (scale.empty()) {
    const auto first = axis < 0 ? x.end() + axis : x.begin() + axis;
    Tensor ones(DType::f32, fixed_shape({first, x.end()}));
    std::fill_n(ones.data<float>(), element_count(ones.shape()), 1.0f);
    scale = n.tensor(std::move(ones));
  }
  n.emit("LayerNormalization", {n.in(0), scale, n.in(2)}, {{"axis", axis}, {"epsilon", attr_real(n.node(), "eps")}});
}

void rms_norm(const OnnxNode& n) {
  Ints axes;
  const std::int64_t axis = attr_int(n.node(), "axis"), rank = static_cast<std::int64_t>(n.rank(0));
  for (std::int64_t i = axis < 0 ? axis + rank : axis; i < rank; ++i) axes.push_back(i);
  std::string square = n.step("ReduceMean", {n.step("Mul", {n.in(0), n.in(0)}), n.ints(axes)}, {{"keepdims", 1}});
  std::string root = n.step("Sqrt", {n.step("Add", {square, n.number(attr_real(n.node(), "eps"))})});
  if (!n.has(1)) return n.emit("Div", {n.in(0), root});
  n.emit("Mul", {n.step("Div", {n.in(0), root}), n.in(1)});
}

// Until opset 21 ONNX has one scale a group: the groups are normalised as channels are, then come ours.
void group_norm(const OnnxNode& n) {
  const std::int64_t groups = attr_int(n.node(), "groups");
  Tensor ones(DType::f32, {groups}), zeros(DType::f32, {groups});
  std::fill_n(ones.data<float>(), groups, 1.0f);
  std::string y = n.step("Reshape", {n.in(0), n.ints({0, groups, -1})});
  y = n.step("InstanceNormalization", {y, n.tensor(std::move(ones)), n.tensor(std::move(zeros))},
             {{"epsilon", attr_real(n.node(), "eps")}});
  Ints channels(n.rank(0) - 1, 1);
  channels[0] = -1;
  y = n.step("Reshape", {y, n.dims(n.out_type().shape)});
  y = n.step("Mul", {y, n.step("Reshape", {n.in(1), n.ints(channels)})});
  n.emit("Add", {y, n.step("Reshape", {n.in(2), n.ints(channels)})});
}

// Ours have no lengths of sequences.
void recurrent(const OnnxNode& n, const char* op, Attrs attrs) {
  std::vector<std::string> inputs = n.inputs();
  if (inputs.size() > 4) inputs.insert(inputs.begin() + 4, "");
  for (const char* name : {"direction", "hidden"})
    attrs[name == std::string("hidden") ? "hidden_size" : name] = attribute(n.node(), name);
  n.emit(op, std::move(inputs), std::move(attrs));
}

void rnn(const OnnxNode& n) {
  const Dim activation = Dim::symbol(attr_text(n.node(), "activation") == "relu" ? "Relu" : "Tanh");
  const std::size_t directions = attr_text(n.node(), "direction") == "bidirectional" ? 2 : 1;
  recurrent(n, "RNN", {{"activations", Attr(SymShape(directions, activation))}});  // written as a list of texts
}

// Without a zero point ONNX gives bytes without sign.
void quantize_linear(const OnnxNode& n) {
  std::string zero = n.in(2);
  if (zero.empty() && n.out_type().dtype == DType::i8) zero = n.tensor(Tensor(DType::i8, fixed_shape(n.type(1).shape)));
  n.emit("QuantizeLinear", {n.in(0), n.in(1), zero}, {{"axis", attr_int(n.node(), "axis")}});
}

// Largest and smallest of every row, then the formula of the op.
void quantize_rows(const OnnxNode& n) {
  const std::int64_t zero = attr_int(n.node(), "zero_point");
  auto bound = [&](const char* reduce, std::int64_t by) {
    return n.step("Div",
                  {n.step(reduce, {n.in(0), n.ints({-1})}, {{"keepdims", 1}}), n.number(static_cast<double>(by))});
  };
  std::vector<std::string> scales{n.number(1e-30)};
  if (zero < 255) scales.push_back(bound("ReduceMax", 255 - zero));
  if (zero > 0) scales.push_back(bound("ReduceMin", -zero));
  n.emit_output(1, "Max", scales);
  std::string q = n.step("Round", {n.step("Div", {n.in(0), n.out(1)})});
  q = n.step("Clip", {n.step("Add", {q, n.number(static_cast<double>(zero))}), n.number(0), n.number(255)});
  n.emit_output(0, "Cast", {q}, {{"to", onnx_type(DType::u8)}});
}

}  // namespace

void add_layer_forms(OnnxForms& forms) {
  for (const char* op : {"conv2d", "conv_transpose2d"}) forms.add(op, convolution);
  for (const char* op : {"max_pool2d", "avg_pool2d"}) forms.add(op, pooling);
  forms.add("adaptive_avg_pool2d", adaptive_pooling);
  forms.rename("global_avg_pool", "GlobalAveragePool");
  forms.rename("global_max_pool", "GlobalMaxPool");
  forms.rename("batch_norm", "BatchNormalization", {{"eps", "epsilon"}});
  forms.rename("instance_norm", "InstanceNormalization", {{"eps", "epsilon"}});
  forms.rename("lrn", "LRN", {{"size", "size"}, {"alpha", "alpha"}, {"beta", "beta"}, {"bias", "bias"}});
  forms.rename("lp_normalize", "LpNormalization", {{"axis", "axis"}, {"p", "p"}});
  forms.add("linear", linear);
  forms.add("matmul", matmul);
  forms.add("attention", attention);
  forms.add("layer_norm", layer_norm);
  forms.add("rms_norm", rms_norm);
  for (auto [ours, theirs] : std::initializer_list<std::pair<const char*, const char*>>{
           {"softmax", "Softmax"}, {"log_softmax", "LogSoftmax"}, {"hardmax", "Hardmax"}})
    forms.rename(ours, theirs, {{"axis", "axis"}});
  forms.add("group_norm", group_norm);
  forms.add("lstm", [](const OnnxNode& n) { recurrent(n, "LSTM", {}); });
  forms.add("gru", [](const OnnxNode& n) {
    recurrent(n, "GRU", {{"linear_before_reset", attr_flag(n.node(), "linear_before_reset")}});
  });
  forms.add("rnn", rnn);
  forms.add("quantize_linear", quantize_linear);
  forms.add("quantize_rows", quantize_rows);
  forms.rename("dequantize_linear", "DequantizeLinear", {{"axis", "axis"}});
}

}  // namespace frugal
