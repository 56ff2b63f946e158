// The weights of a network that has not been trained yet.
#pragma once

#include <cstdint>
#include <optional>

#include "frugal/model.h"

namespace frugal {

// Fresh weights for every weight value of the graph, each from the stream ("init/" + its name) of `seed`.
Weights initial_weights(const Graph& graph, std::uint64_t seed);

// The data of a constant that its `init` gives without chance (one number everywhere, or a sequence), such as the
// centres of a detector's cells; nothing for any other weight. Checkpoints of other programs do not hold such data.
std::optional<Tensor> given_constant(const Value& value);

}  // namespace frugal
