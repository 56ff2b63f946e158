// The definitions that families of small ops share.
#pragma once

#include "graph/shape_rules.h"

namespace frugal {

// One operand, elementwise, same type.
OpDef unary_definition(std::string name, std::string doc, InputType type = InputType::floating,
                       std::vector<AttrSpec> attrs = {});
// Two operands of one type, broadcast together.
OpDef binary_definition(std::string name, std::string doc, InputType type = InputType::number);
// The same with a boolean result.
OpDef comparison_definition(std::string name, std::string doc, InputType type = InputType::number);
// One operand, elementwise, boolean result.
OpDef test_definition(std::string name, std::string doc, std::vector<AttrSpec> attrs = {});
// Attributes axes and keep_dims.
OpDef reduction_definition(std::string name, std::string doc, InputType type = InputType::floating);
// Attributes axis, keep_dims and last; the index of an extreme element.
OpDef arg_definition(std::string name, std::string doc);

// One operand, same type and shape; attribute axis.
OpDef axis_definition(std::string name, std::string doc, InputType type = InputType::floating);
// x, indices, updates; attribute reduction.
OpDef scatter_definition(std::string name, std::string doc);
// x [N, C, ...], scale [C], bias [C]; attribute eps and `attrs`. The channels must be a multiple of `groups`, if there.
OpDef channel_norm_definition(std::string name, std::string doc, std::vector<AttrSpec> attrs = {});

inline AttrSpec real_attribute(std::string name, double fallback, std::string doc, std::optional<double> min = {}) {
  return {std::move(name), AttrType::real, Attr(fallback), std::move(doc), min, {}};
}

}  // namespace frugal
