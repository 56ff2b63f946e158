// Published weights: a plain safetensors file whose tensors are named as the network's own.
#pragma once

#include <string>

#include "frugal/model.h"

namespace frugal {

// One tensor for every weight value of `graph`, by name and shape. What other programs leave in such files is
// understood: the prefix "module." (PyTorch's data-parallel wrapper) before every name, the counters
// "num_batches_tracked", and float types other than the graph's, which are converted.
// Tensors that the network has no place for are left out with a warning. Constants that the graph itself gives
// (given_constant) may be missing.
// Error names the tensors that are missing or of another shape, with the nearest names.
Weights load_weights(const Graph& graph, const std::string& path);

// The same for tensors in memory; `source` stands for the file in messages.
Weights match_weights(const Graph& graph, const Weights& tensors, const std::string& source);

// To start from: weights of the same name and shape are taken over from the file, the others stay. Error where there is
// none.
void take_matching_weights(Weights& weights, const std::string& path);

}  // namespace frugal
