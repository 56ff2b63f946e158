// A model: a graph, the data of its weights, and what a task needs to know (pre- and
// post-processing, labels, the recipe that made it). One safetensors file on disk.
#pragma once

#include <map>
#include <string>

#include "frugal/graph.h"
#include "frugal/tensor.h"

namespace frugal {

using Weights = std::map<std::string, Tensor, std::less<>>;

struct Model {
  Graph graph;
  Weights weights;  // one tensor for every weight value of the graph
  // Free-form notes kept in the file. Keys in use: "task" (JSON: kind, input size, mean, std, ...),
  // "labels" (JSON array), "recipe" (how it was made), "metrics" (JSON).
  std::map<std::string, std::string> metadata;
};

// The single-file model: graph, weights and notes in one safetensors file. Loading maps the file; the
// tensors share the mapping. Everything is checked: the graph as if it were built by hand, and every
// weight against it. Files of every earlier version load. Saving replaces the file atomically.
// Error: damaged file, a file of plain weights, weights that do not fit the graph, a newer version.
Model load_model(const std::string& path);
void save_model(const std::string& path, const Model& model);

}  // namespace frugal
