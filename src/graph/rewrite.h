// The one mechanism of every rewrite: a model goes in, a cheaper model comes out.
//
// A rewrite walks the nodes of the source in order and builds a new graph beside it. For each node a
// visitor may make something else of it; otherwise the node is copied. Values of the source are looked
// up through a map; weights and their data come over when first used, so what nobody uses any more
// stays behind. Inputs and outputs always keep their names and order.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "frugal/model.h"

namespace frugal {

// Who uses the values of a graph.
class Uses {
 public:
  explicit Uses(const Graph& graph);
  const std::vector<NodeId>& of(ValueId value) const { return users_[static_cast<std::size_t>(value)]; }
  bool is_output(ValueId value) const { return output_[static_cast<std::size_t>(value)]; }
  // The one node that uses `value`, once, where it is no output of the graph; else kNone.
  NodeId only_user(ValueId value) const;

 private:
  std::vector<std::vector<NodeId>> users_;  // one entry a use
  std::vector<bool> output_;
};

class Rewriter {
 public:
  explicit Rewriter(const Model& source);

  const Model& source() const { return source_; }
  const Graph& graph() const { return source_.graph; }  // of the source
  const Uses& uses() const { return uses_; }
  const Graph& result() const { return result_.graph; }  // as far as it is made

  // The value of the result that stands for a value of the source; kNone for kNone. Brings a weight over.
  ValueId map(ValueId source_value);
  std::vector<ValueId> map(const std::vector<ValueId>& source_values);
  bool mapped(ValueId source_value) const { return map_[static_cast<std::size_t>(source_value)] != kNone; }
  // From now on `source_value` stands for `result_value`; its node, if not visited yet, is passed over.
  void replace(ValueId source_value, ValueId result_value);

  // The data of a weight of the source; nullptr where `value` is no weight or its data are not there.
  const Tensor* data(ValueId source_value) const;
  const Tensor* result_data(ValueId result_value) const;  // the same of the result

  // Make nodes and weights of the result. A replacement takes the name of what it replaces; other new
  // names come from fresh_name(), which neither graph has. `copy` also maps the outputs.
  std::vector<ValueId> copy(const Node& node);
  std::vector<ValueId> add_node(std::string_view op, const std::string& name, std::vector<ValueId> result_inputs,
                                Attrs attrs);
  ValueId add_weight(const std::string& name, Tensor data, WeightRole role, Init init = {});
  // The same weight with other data: keeps name and role of the source's, which must have one user only.
  ValueId replace_weight(ValueId source_value, Tensor data);

  std::string fresh_name(const std::string& stem) const;

  Model finish();
  // With these values of the source, under their names, as outputs instead of its own.
  Model finish(const std::vector<ValueId>& outputs);

 private:
  const Model& source_;
  Uses uses_;
  Model result_;
  std::vector<ValueId> map_;
};

enum class Visit { copy, done };  // done: the visitor has made what it wants of the node, or drops it

Model rewrite(const Model& model, const std::function<Visit(Rewriter&, const Node&)>& visit);

}  // namespace frugal
