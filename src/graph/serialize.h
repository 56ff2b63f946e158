// A graph as JSON and back. Only what cannot be derived is written: inputs with their types, weights
// with shape and role, nodes with op, inputs and the attributes that differ from the schema's
// defaults, outputs. Reading goes through Graph's own checks, so a bad file cannot make a bad graph.
//
//   {"version": 1, "name": "resnet18",
//    "inputs":  [{"name": "input", "dtype": "float32", "shape": ["batch", 3, 224, 224]}],
//    "weights": [{"name": "conv1.weight", "dtype": "float32", "shape": [64, 3, 7, 7], "role": "parameter"}],
//    "nodes":   [{"op": "conv2d", "name": "conv1", "inputs": ["input", "conv1.weight", null], "attrs": {...}}],
//    "outputs": [{"name": "logits", "value": "fc"}]}
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "frugal/graph.h"

namespace frugal {

nlohmann::json to_json(const Graph& graph);
Graph graph_from_json(const nlohmann::json& json);  // Error names the field that is wrong

}  // namespace frugal
