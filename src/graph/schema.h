// Checks a node's attributes against its op's schema.
#pragma once

#include "graph/op.h"

namespace frugal {

// Returns the complete attributes (defaults filled in, numbers converted to the declared type).
// Throws Error for an unknown, missing, wrongly typed or out-of-range attribute.
Attrs complete_attributes(const OpDef& op, const std::string& node_name, Attrs given);

std::string to_string(const Attr& attr);  // "[2,2]", "0.1", "true", "nearest"

}  // namespace frugal
