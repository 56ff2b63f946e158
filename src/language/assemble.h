// Tensors of a file become the weights of a decoder's graph.
#pragma once

#include "frugal/model.h"
#include "models/decoder.h"

namespace frugal {

// Rows [begin, end) of a tensor, sharing its memory.
Tensor rows_of(const Tensor& whole, std::int64_t begin, std::int64_t end);

// The graph with every weight found by its name. Matrices keep their element types, everything else becomes float32.
// Error names a tensor that is missing, has another shape, or has no place in the graph.
Model assemble_decoder(const DecoderConfig& config, Weights tensors);

}  // namespace frugal
