#include "graph/builder.h"

#include "base/check.h"

namespace frugal {

ValueId GraphBuilder::input(const std::string& name, SymShape shape, DType dtype) {
  return graph_.add_input(name, {dtype, std::move(shape)});
}

ValueId GraphBuilder::image_input(std::int64_t channels, std::int64_t height, std::int64_t width) {
  return input("input", {Dim::symbol("batch"), channels, height, width});
}

ValueId GraphBuilder::weight(const std::string& name, Shape shape, Init init, WeightRole role, DType dtype) {
  return graph_.add_weight(name, dtype, std::move(shape), role, init);
}

std::vector<ValueId> GraphBuilder::ops(std::string_view op, std::vector<ValueId> inputs, Attrs attrs,
                                       const std::string& name) {
  return graph_.add_node(op, name.empty() ? graph_.fresh_name(std::string(op)) : name, std::move(inputs),
                         std::move(attrs));
}

ValueId GraphBuilder::op(std::string_view op, std::vector<ValueId> inputs, Attrs attrs, const std::string& name) {
  std::vector<ValueId> outputs = ops(op, std::move(inputs), std::move(attrs), name);
  FRUGAL_ASSERT(outputs.size() == 1);
  return outputs[0];
}

namespace {

Attrs window(const ConvOptions& o) {
  const std::int64_t padding = o.padding == ConvOptions::kSame ? o.dilation * (o.kernel / 2) : o.padding;
  return {{"stride", Ints{o.stride, o.stride}},
          {"padding", Ints{padding, padding, padding, padding}},
          {"dilation", Ints{o.dilation, o.dilation}},
          {"groups", o.groups}};
}

}  // namespace

ValueId GraphBuilder::conv2d(const std::string& name, ValueId x, const ConvOptions& o) {
  std::int64_t in = channels(x);
  require(o.groups >= 1 && in % o.groups == 0, "layer '{}': {} channels cannot be split into {} groups", name, in,
          o.groups);
  ValueId w = weight(name + ".weight", {o.out, in / o.groups, o.kernel, o.kernel}, o.init);
  double fan_in = static_cast<double>(in / o.groups * o.kernel * o.kernel);
  ValueId b = o.bias ? weight(name + ".bias", {o.out}, {Init::Kind::torch_default, fan_in, false}) : kNone;
  return op("conv2d", {x, w, b}, window(o), name);
}

ValueId GraphBuilder::adder_conv2d(const std::string& name, ValueId x, const ConvOptions& o, const Attrs& rule) {
  ValueId w = weight(name + ".adder", {o.out, channels(x), o.kernel, o.kernel}, {Init::Kind::normal, 1, false});
  Attrs attrs = window(o);
  attrs.insert(rule.begin(), rule.end());
  return op("adder_conv2d", {x, w, kNone}, attrs, name);
}

ValueId GraphBuilder::batch_norm(const std::string& name, ValueId x, double eps, double momentum, double gamma) {
  std::int64_t c = channels(x);
  ValueId w = weight(name + ".weight", {c}, {Init::Kind::constant, gamma, false});
  ValueId b = weight(name + ".bias", {c});
  ValueId mean = weight(name + ".running_mean", {c}, {}, WeightRole::buffer);
  ValueId var = weight(name + ".running_var", {c}, {Init::Kind::constant, 1, false}, WeightRole::buffer);
  return op("batch_norm", {x, w, b, mean, var}, {{"eps", eps}, {"momentum", momentum}}, name);
}

ValueId GraphBuilder::linear(const std::string& name, ValueId x, std::int64_t out, bool bias, Init init) {
  Dim in = dim(x, -1);
  require(in.fixed(), "layer '{}': the last dim of its input must be known, not '{}'", name, in.text());
  ValueId w = weight(name + ".weight", {out, in.value()}, init);
  ValueId b =
      bias ? weight(name + ".bias", {out}, {Init::Kind::torch_default, static_cast<double>(in.value()), false}) : kNone;
  return op("linear", {x, w, b}, {}, name);
}

ValueId GraphBuilder::flatten(ValueId x) { return op("reshape", {x}, {{"shape", Ints{0, -1}}}); }

Dim GraphBuilder::dim(ValueId x, int i) const {
  const SymShape& shape = graph_.value(x).type.shape;
  int at = i < 0 ? i + static_cast<int>(shape.size()) : i;
  require(at >= 0 && at < static_cast<int>(shape.size()), "value '{}' has no dim {}", graph_.value(x).name, i);
  return shape[static_cast<std::size_t>(at)];
}

std::int64_t GraphBuilder::channels(ValueId x) const {
  Dim c = dim(x, 1);
  require(c.fixed(), "the channels of '{}' must be known, not '{}'", graph_.value(x).name, c.text());
  return c.value();
}

}  // namespace frugal
