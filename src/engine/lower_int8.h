// Ops on bytes out of a graph with quantize_linear (Q) and dequantize_linear (D).
#pragma once

#include "frugal/model.h"
#include "kernels/kernels.h"

namespace frugal {

// conv2d, linear and matmul whose input comes from a D and whose weight is a constant int8 D become int8_conv2d and
// int8_linear, with the activation, the residual add and the Q that follow in their store. Values between Q and D stay
// bytes through max_pool2d, concat, reshape, transpose, slice, split and nearest resize, which commute with both. What
// finds no such place computes in floats. Outputs and their names stay.
// Where a float layer goes into an add, and the sum into Q, the sum is not rounded in between: as the graph says.
Model lower_int8(const Model& model, const KernelTable& table);

bool has_quantization(const Graph& graph);

}  // namespace frugal
