// A network is a graph, and a graph is data.
//
// Values are typed (dtype and a shape whose dims may be symbolic); nodes stand in topological order
// because a node can only use values that exist. Attributes and shapes are checked when a node is
// made, so a bad graph cannot exist. Weights are values with names; their data stand beside the
// graph (frugal/model.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "frugal/attribute.h"
#include "frugal/dim.h"
#include "frugal/tensor.h"

namespace frugal {

struct OpDef;  // src/graph/op.h

using ValueId = std::int32_t;
using NodeId = std::int32_t;
inline constexpr std::int32_t kNone = -1;  // an optional input that is absent

struct ValueType {
  DType dtype = DType::f32;
  SymShape shape;
  bool operator==(const ValueType&) const = default;
};
std::string to_string(const ValueType& type);  // "float32[batch,3,32,32]"

enum class ValueKind : std::uint8_t { input, weight, node };
// parameter: learned, counted; buffer: running statistics; constant: fixed data.
enum class WeightRole : std::uint8_t { parameter, buffer, constant };

// How a weight starts before training.
//  uniform: [-a, a]; normal: deviation a; kaiming_*: a is the gain (He et al. 2015), fan per `fan_out`;
//  torch_default: uniform with bound 1/sqrt(fan_in), what torch.nn layers use (a = fan_in for a bias);
//  sequence: a, a + 1, a + 2, ...
struct Init {
  enum class Kind : std::uint8_t {
    zeros,
    constant,
    uniform,
    normal,
    trunc_normal,
    kaiming_normal,
    kaiming_uniform,
    torch_default,
    sequence
  };
  Kind kind = Kind::zeros;
  double a = 0;
  bool fan_out = false;
};

struct Value {
  std::string name;
  ValueType type;
  ValueKind kind = ValueKind::node;
  NodeId producer = kNone;
  WeightRole role = WeightRole::parameter;
  Init init;
};

struct Node {
  std::string name;
  const OpDef* op = nullptr;
  std::vector<ValueId> inputs;  // kNone where an optional input is absent
  std::vector<ValueId> outputs;
  Attrs attrs;  // complete: defaults are filled in
};

class Graph {
 public:
  explicit Graph(std::string name = "") : name_(std::move(name)) {}

  // Building. Names are unique; every call checks, and throws Error with node and reason.
  ValueId add_input(const std::string& name, ValueType type);
  ValueId add_weight(const std::string& name, DType dtype, Shape shape, WeightRole role, Init init = {});
  std::vector<ValueId> add_node(std::string_view op, const std::string& name, std::vector<ValueId> inputs,
                                Attrs attrs = {});
  void add_output(ValueId value, const std::string& name);

  const std::string& name() const { return name_; }
  void set_name(std::string name) { name_ = std::move(name); }
  std::span<const Value> values() const { return values_; }
  std::span<const Node> nodes() const { return nodes_; }
  std::span<const ValueId> inputs() const { return inputs_; }
  std::span<const ValueId> outputs() const { return outputs_; }
  const std::string& output_name(std::size_t i) const { return output_names_[i]; }
  const Value& value(ValueId id) const { return values_[static_cast<std::size_t>(id)]; }
  const Node& node(NodeId id) const { return nodes_[static_cast<std::size_t>(id)]; }
  ValueId find(std::string_view value_name) const;        // kNone if there is none
  std::string fresh_name(const std::string& stem) const;  // stem, or stem_2, stem_3, ...

 private:
  ValueId add_value(Value value);

  std::string name_;
  std::vector<Value> values_;
  std::vector<Node> nodes_;
  std::vector<ValueId> inputs_, outputs_;
  std::vector<std::string> output_names_;
  std::unordered_map<std::string, ValueId> by_name_;
  std::unordered_map<std::string, NodeId> node_by_name_;
};

}  // namespace frugal
