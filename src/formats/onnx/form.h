// How our ops are written in ONNX: one form an op, in tables by family (forms_*.cpp). An op without a form goes out
// under the domain "frugal" with its own attributes.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "frugal/graph.h"
#include "frugal/tensor.h"

namespace frugal {

class OnnxWriter;

// A node of ours on its way out. Values are named; "" stands for an absent input.
class OnnxNode {
 public:
  OnnxNode(const Graph& graph, const Node& node, OnnxWriter& writer) : graph_(graph), node_(node), writer_(writer) {}

  const Node& node() const { return node_; }
  std::size_t input_count() const { return node_.inputs.size(); }
  bool has(std::size_t i) const { return i < node_.inputs.size() && node_.inputs[i] != kNone; }
  std::string in(std::size_t i) const;
  std::vector<std::string> inputs() const;
  std::string out(std::size_t i = 0) const;
  const ValueType& type(std::size_t i) const;  // of input i
  const ValueType& out_type(std::size_t i = 0) const;
  std::size_t rank(std::size_t i) const { return type(i).shape.size(); }

  // The node's own result(s), by an ONNX op.
  void emit(const std::string& op, std::vector<std::string> inputs, Attrs attrs = {}) const;
  // One of several results that each have a node of their own.
  void emit_output(std::size_t i, const std::string& op, std::vector<std::string> inputs, Attrs attrs = {}) const;
  // A step on the way: a new value.
  std::string step(const std::string& op, std::vector<std::string> inputs, Attrs attrs = {}) const;
  // New constants.
  std::string ints(const Ints& values) const;  // int64 [n]
  std::string number(double value) const;      // a scalar of input 0's type
  std::string tensor(Tensor data) const;
  std::string dims(const SymShape& shape) const;           // int64 [n], computed where it must be
  [[noreturn]] void refuse(const std::string& why) const;  // Error: this node cannot be written

 private:
  const Graph& graph_;
  const Node& node_;
  OnnxWriter& writer_;
};

using OnnxForm = std::function<void(const OnnxNode&)>;

class OnnxForms {
 public:
  static const OnnxForms& instance();
  const OnnxForm* find(const std::string& op) const;

  void add(const std::string& op, OnnxForm form) { forms_.emplace(op, std::move(form)); }
  // Another name, and attributes under other names; the rest of the node as it is.
  void rename(const std::string& op, const std::string& onnx_op,
              const std::vector<std::pair<std::string, std::string>>& attributes = {});

 private:
  std::unordered_map<std::string, OnnxForm> forms_;
};

void add_elementwise_forms(OnnxForms& forms);
void add_layer_forms(OnnxForms& forms);
void add_shape_forms(OnnxForms& forms);

}  // namespace frugal
