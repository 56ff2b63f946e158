// The weights of a network that has not been trained yet.
#pragma once

#include <cstdint>

#include "frugal/model.h"

namespace frugal {

// Fresh weights for every weight value of the graph, each from the stream ("init/" + its name) of `seed`.
Weights initial_weights(const Graph& graph, std::uint64_t seed);

}  // namespace frugal
