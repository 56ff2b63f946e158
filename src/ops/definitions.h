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

inline AttrSpec real_attribute(std::string name, double fallback, std::string doc, std::optional<double> min = {}) {
  return {std::move(name), AttrType::real, Attr(fallback), std::move(doc), min, {}};
}

}  // namespace frugal
