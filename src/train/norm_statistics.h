// Statistics of batch norms measured anew. Running statistics follow the weights of the last steps: they lag where a
// step moves a layer's outputs far (adder layers), and fit averaged weights not at all (Izmailov et al., "Averaging
// Weights Leads to Wider Optima", UAI 2018, section 3.2).
#pragma once

#include <functional>

#include "train/interpreter.h"

namespace frugal {

// Calls forward(0) .. forward(batches - 1), each of which runs `net` in training mode, and gives every batch norm the
// mean of the statistics that those batches have. Norms with momentum 0 stay as they are.
void renew_norm_statistics(Interpreter& net, std::int64_t batches, const std::function<void(std::int64_t)>& forward);

}  // namespace frugal
