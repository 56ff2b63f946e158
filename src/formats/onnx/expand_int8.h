// The engine's ops on bytes as the graph that they are made of.
#pragma once

#include "frugal/model.h"

namespace frugal {

// int8_conv2d, int8_linear and int8_add become dequantize_linear, the layer in floats, what its store does, and
// quantize_linear: the form in which other programs know quantised layers, and of which our engine makes bytes again.
// Weights that are bytes are turned where the layer goes out as a product.
Model expand_int8(const Model& model);

}  // namespace frugal
