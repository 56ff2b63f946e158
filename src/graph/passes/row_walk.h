// Which values of a graph have rows, and what works on them (split_rows.h).
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "graph/passes/split_rows.h"
#include "graph/rewrite.h"

namespace frugal {

class RowWalk {
 public:
  // From a value back, as far as rows stay apart. `stops`: as far as these values, but through layers too.
  RowWalk(std::shared_ptr<const Model> model, ValueId value, const RowDims& dims, const std::vector<ValueId>& stops,
          bool layers);

  bool failed() const { return failed_; }  // a value would have rows in two ways
  bool inside(NodeId node) const { return inside_[static_cast<std::size_t>(node)]; }
  // Of one picture; only of values that have rows.
  const Shape& shape(ValueId value) const { return *shapes_[static_cast<std::size_t>(value)]; }
  const std::optional<RowDims>& rows(ValueId value) const { return rows_[static_cast<std::size_t>(value)]; }
  // What has rows and is made outside.
  const std::vector<ValueId>& border() const { return border_; }
  // A weight with its numbers for each row written out, as its rows are said to lie.
  Tensor known_rows(ValueId weight) const;

 private:
  using Steps = std::vector<std::pair<ValueId, RowDims>>;

  std::optional<Steps> before(const Node& node, const RowDims& dims) const;
  std::optional<Steps> before_elementwise(const Node& node, const RowDims& dims) const;
  std::optional<Steps> before_reshape(const Node& node, const RowDims& dims) const;
  std::optional<Steps> before_transpose(const Node& node, const RowDims& dims) const;
  std::optional<Steps> before_concat(const Node& node, const RowDims& dims) const;
  bool shared_activation(const Node& node) const;
  bool narrows(const Node& node) const;
  bool is_weight(ValueId value) const { return model_->graph.value(value).kind == ValueKind::weight; }
  bool has_shape(ValueId value) const { return shapes_[static_cast<std::size_t>(value)].has_value(); }

  std::shared_ptr<const Model> model_;
  Uses uses_;
  bool layers_;
  std::vector<std::optional<Shape>> shapes_;
  std::vector<std::optional<RowDims>> rows_;
  std::vector<bool> inside_;
  std::vector<ValueId> border_;
  bool failed_ = false;
};

// The attribute `axis` of a node, counted from the front.
int axis_of(const Node& node, const Shape& shape);
// The input axis that becomes this axis of a reshape unchanged, with the same number of elements before it.
std::optional<int> axis_before_reshape(const Shape& in, const Shape& out, int axis);

}  // namespace frugal
