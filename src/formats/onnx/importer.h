// Turns the graph of an ONNX file into ours, node by node, through a table from op types to small functions
// (convert_*.cpp). Shape arithmetic is evaluated on the way (evaluate.cpp).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/check.h"
#include "formats/folder.h"
#include "formats/onnx/known.h"
#include "formats/onnx/onnx.pb.h"
#include "frugal/onnx.h"
#include "graph/op.h"

namespace frugal::onnx_import {

// What a name of the ONNX graph stands for: a value of our graph, known elements, or data that become a weight when
// first used.
struct Binding {
  ValueId id = kNone;
  std::optional<Known> known;
  Tensor data;
  WeightRole role = WeightRole::constant;
  bool failed = false;  // its node could not be imported
};

struct Scope {
  const Scope* outer = nullptr;
  std::unordered_map<std::string, std::shared_ptr<Binding>> names;
  Binding* find(const std::string& name) const;
};

// A node that cannot be imported; the importer adds op and name.
struct Refusal {
  std::string reason;
};

class Importer;

// One ONNX node as the converters see it.
class ImportNode {
 public:
  ImportNode(Importer& importer, Scope& scope, const onnx::NodeProto& proto, std::int64_t opset)
      : importer_(importer), scope_(scope), proto_(proto), opset_(opset) {}

  const onnx::NodeProto& proto() const { return proto_; }
  const std::string& op_type() const { return proto_.op_type(); }
  std::int64_t opset() const { return opset_; }
  std::string label() const;  // the node's name, or that of its first output
  Importer& importer() { return importer_; }
  Scope& scope() { return scope_; }

  std::size_t input_count() const { return static_cast<std::size_t>(proto_.input_size()); }
  std::size_t output_count() const { return static_cast<std::size_t>(proto_.output_size()); }
  bool has(std::size_t i) const { return i < input_count() && !proto_.input(static_cast<int>(i)).empty(); }
  bool wants(std::size_t i) const { return i < output_count() && !proto_.output(static_cast<int>(i)).empty(); }

  ValueId in(std::size_t i);           // made a weight where it is one
  ValueId optional_in(std::size_t i);  // kNone where absent
  ValueType type(std::size_t i);
  SymShape shape(std::size_t i) { return type(i).shape; }
  std::size_t rank(std::size_t i) { return type(i).shape.size(); }
  std::int64_t axis(std::int64_t axis, std::size_t rank);  // made positive, checked
  const Tensor* data(std::size_t i);                       // of a constant; nullptr where it is computed
  std::optional<Known> known(std::size_t i);
  Known need(std::size_t i, const char* what);  // refuses where it is computed from data
  Ints need_ints(std::size_t i, const char* what);
  SymShape need_dims(std::size_t i, const char* what);
  double need_real(std::size_t i, const char* what);

  bool has_attr(const std::string& name) const { return find(name) != nullptr; }
  std::int64_t integer(const std::string& name, std::int64_t fallback) const;
  double real(const std::string& name, double fallback) const;
  std::string text(const std::string& name, const std::string& fallback) const;
  Ints ints(const std::string& name, Ints fallback = {}) const;
  Floats reals(const std::string& name) const;
  const onnx::AttributeProto* find(const std::string& name) const;

  template <typename... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    throw Refusal{fmt::vformat(format, fmt::make_format_args(args...))};
  }
  template <typename... Args>
  void require(bool ok, fmt::format_string<Args...> format, Args&&... args) const {
    if (!ok) throw Refusal{fmt::vformat(format, fmt::make_format_args(args...))};
  }

  // A node of ours under a fresh name; of the ones with several outputs, the first.
  ValueId op(std::string_view name, std::vector<ValueId> inputs, Attrs attrs = {});
  std::vector<ValueId> ops(std::string_view name, std::vector<ValueId> inputs, Attrs attrs = {});
  ValueId reshape(ValueId x, SymShape shape);
  ValueId constant(Tensor data);  // a weight under a fresh name
  ValueId scalar(double value, DType dtype = DType::f32);
  const ValueType& type_of(ValueId id) const;

  // The node that makes output 0 (named as it), and outputs given by value.
  void result(std::string_view name, std::vector<ValueId> inputs, Attrs attrs = {});
  void out(std::size_t i, ValueId value);
  void out(std::size_t i, Known known);

 private:
  Importer& importer_;
  Scope& scope_;
  const onnx::NodeProto& proto_;
  std::int64_t opset_;
};

using Converter = std::function<void(ImportNode&)>;
using ConverterTable = std::map<std::string, Converter, std::less<>>;  // by op type, of the default domain
using Evaluator = std::function<std::vector<Known>(ImportNode&, const std::vector<Known>&)>;

void add_elementwise(ConverterTable& table);
void add_shapes(ConverterTable& table);
void add_gathers(ConverterTable& table);
void add_linear(ConverterTable& table);
void add_convolutions(ConverterTable& table);
void add_pools(ConverterTable& table);
void add_norms(ConverterTable& table);
void add_reductions(ConverterTable& table);
void add_resize(ConverterTable& table);
void add_recurrent(ConverterTable& table);
void add_quantised(ConverterTable& table);
void add_einsum(ConverterTable& table);
void add_loops(ConverterTable& table);
void convert_own(ImportNode& node);  // of the domain "frugal": an op of ours with its own attributes

// True where the node's results are known from what is known of its inputs; they are set then.
bool evaluate(ImportNode& node);
bool evaluable(const std::string& op_type);

class Importer {
 public:
  Importer(onnx::ModelProto& proto, ModelFolder& folder, const OnnxOptions& options);
  Model run();

  Graph& graph() { return model_.graph; }
  Binding& lookup(Scope& scope, const std::string& name);
  ValueId materialise(const std::string& name, Binding& binding);
  ValueId add_weight(const std::string& name, Tensor data, WeightRole role);
  const Tensor* weight(ValueId id) const;
  void set_role(Scope& scope, const std::string& name, WeightRole role);  // of data not used yet
  std::string unique(const std::string& name);                            // a name that neither graph uses
  Tensor tensor(const onnx::TensorProto& proto);
  void import_nodes(Scope& scope, const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes);
  void add_initialisers(Scope& scope, onnx::GraphProto& graph);
  const std::string& advice() const { return advice_; }
  std::size_t depth = 0;  // of subgraphs and functions

 private:
  void read_opsets();
  void add_inputs(Scope& scope);
  void declare_inputs(Scope& scope, const std::vector<std::pair<std::string, ValueType>>& inputs);
  void add_outputs(Scope& scope);
  void import_node(Scope& scope, const onnx::NodeProto& node);
  void convert(ImportNode& node);
  bool inline_function(ImportNode& node);
  void poison(Scope& scope, const onnx::NodeProto& node);

  onnx::ModelProto& proto_;
  ModelFolder& folder_;
  const OnnxOptions& options_;
  Model model_;
  std::int64_t opset_ = 0;
  ConverterTable table_;
  std::unordered_set<std::string> taken_;         // every name of the ONNX graph
  std::unordered_map<std::string, int> numbers_;  // the last number that unique() gave to a name
  std::vector<OnnxUnsupported::Item> refused_;
  std::string advice_;
  std::size_t node_count_ = 0;
};

// A graph in an attribute of a node, imported as often as it runs; its initialisers are read once.
class Subgraph {
 public:
  Subgraph(ImportNode& node, const onnx::GraphProto& graph);
  std::size_t inputs() const { return static_cast<std::size_t>(graph_.input_size()); }
  std::size_t outputs() const { return static_cast<std::size_t>(graph_.output_size()); }
  // What its outputs are for these inputs. Refuses where a node of it cannot be imported.
  std::vector<std::shared_ptr<Binding>> import(const std::vector<std::shared_ptr<Binding>>& inputs) const;

 private:
  ImportNode& node_;
  const onnx::GraphProto& graph_;
  std::unique_ptr<Scope> constants_;
};

}  // namespace frugal::onnx_import
