// Tensors of a file become the weights of a decoder's graph.
#pragma once

#include "frugal/model.h"
#include "models/decoder.h"

namespace frugal {

// Tensors "blk.N.attn_qkv" become attn_q, attn_k and attn_v, which share their memory: rows are whole blocks.
// Error where the rows are not those of the three.
void split_qkv(Weights& tensors, const DecoderConfig& config);

// The graph with every weight found by its name. Matrices keep their element types, everything else becomes float32.
// Error names a tensor that is missing, has another shape, or has no place in the graph.
Model assemble_decoder(const DecoderConfig& config, Weights tensors);

}  // namespace frugal
