// Writes networks: ops with their weights, named as PyTorch's state dicts name them
// ("layer1.0.conv1.weight"), so that published checkpoints load by their own names.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "frugal/graph.h"

namespace frugal {

struct ConvOptions {
  std::int64_t out = 0;
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t padding = kSame;  // kSame: kernel / 2 (times dilation)
  std::int64_t dilation = 1;
  std::int64_t groups = 1;
  bool bias = false;
  Init init{Init::Kind::kaiming_normal, 1.4142135623730951, true};  // gain sqrt(2), fan out
  static constexpr std::int64_t kSame = -1;
};

class GraphBuilder {
 public:
  explicit GraphBuilder(std::string name) : graph_(std::move(name)) {}

  ValueId input(const std::string& name, SymShape shape, DType dtype = DType::f32);
  ValueId image_input(std::int64_t channels, std::int64_t height, std::int64_t width);  // "input", [batch,C,H,W]
  ValueId weight(const std::string& name, Shape shape, Init init = {}, WeightRole role = WeightRole::parameter,
                 DType dtype = DType::f32);

  // Any op; one output. An empty name becomes the op's name with a number.
  ValueId op(std::string_view op, std::vector<ValueId> inputs, Attrs attrs = {}, const std::string& name = "");
  std::vector<ValueId> ops(std::string_view op, std::vector<ValueId> inputs, Attrs attrs = {},
                           const std::string& name = "");

  // Layers with weights `name`.weight, `name`.bias, ...
  ValueId conv2d(const std::string& name, ValueId x, const ConvOptions& options);
  // `name`.adder, no groups; `rule`: attributes of its gradients.
  ValueId adder_conv2d(const std::string& name, ValueId x, const ConvOptions& options, const Attrs& rule = {});
  ValueId batch_norm(const std::string& name, ValueId x, double eps = 1e-5, double momentum = 0.1, double gamma = 1);
  ValueId linear(const std::string& name, ValueId x, std::int64_t out, bool bias = true,
                 Init init = {Init::Kind::torch_default, 0, false});

  ValueId relu(ValueId x) { return op("relu", {x}); }
  ValueId add(ValueId a, ValueId b) { return op("add", {a, b}); }
  ValueId flatten(ValueId x);  // [N, ...] -> [N, product]

  Dim dim(ValueId x, int i) const;         // negative counts from the end
  std::int64_t channels(ValueId x) const;  // dim 1, which must be fixed
  void output(ValueId x, const std::string& name) { graph_.add_output(x, name); }
  Graph finish() { return std::move(graph_); }
  const Graph& graph() const { return graph_; }

 private:
  Graph graph_;
};

}  // namespace frugal
