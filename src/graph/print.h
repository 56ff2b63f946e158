// A graph for people: as text and as a picture.
#pragma once

#include <string>

#include "frugal/graph.h"

namespace frugal {

// One line a node: %name : type = op(%inputs, @weights) {attributes that differ from the defaults}
std::string to_text(const Graph& graph);

// An SVG drawing, top to bottom: one box a node, coloured by kind of op, with its output shape and cost;
// edges carry the data flow. Weights are not drawn. Costs are those of batch 1 and the graph's own sizes.
std::string to_svg(const Graph& graph);

}  // namespace frugal
