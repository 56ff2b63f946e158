// What a network costs, computed from the graph alone. One MAC is one multiply-add of a
// convolution, linear or matmul; normalisation, activation, addition and pooling count nothing
// (greedy_enlarging 2.4). Parameters are weights with the role `parameter`.
#pragma once

#include <string>
#include <vector>

#include "frugal/graph.h"

namespace frugal {

struct LayerCost {
  std::string name, op;
  std::int64_t params = 0, macs = 0, weight_bytes = 0;
  std::vector<ValueType> outputs;
};

struct Costs {
  std::int64_t params = 0, macs = 0, weight_bytes = 0;
  std::vector<LayerCost> layers;  // one for every node; a shared weight counts at its first user
};

// Symbols not in `bindings` are bound to 1 where they are "batch"; any other unbound symbol is an Error.
Costs compute_costs(const Graph& graph, Bindings bindings = {});

// The types of every value for given symbol sizes: re-runs shape inference with fixed dims.
std::vector<ValueType> infer_types(const Graph& graph, const Bindings& bindings);

}  // namespace frugal
