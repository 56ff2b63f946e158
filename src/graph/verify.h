// Says whether a graph or a model is whole. Error names the value or node that is not.
#pragma once

#include "frugal/model.h"

namespace frugal {

// There is an output; every node's inputs exist before it and its outputs are its own; names of values and
// nodes are unique; the types on record are those that the ops infer.
void verify(const Graph& graph);

// The graph, and for every weight a tensor of its type and shape.
void verify(const Model& model);

}  // namespace frugal
