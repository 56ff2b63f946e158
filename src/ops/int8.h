// What the ops on bytes share. The compiler makes them of a graph with quantize_linear and dequantize_linear
// (engine/lower_int8.h); files hold the latter. Activations are uint8, q stands for (q - zero) * scale.
#pragma once

#include <functional>
#include <string>

#include "engine/engine_op.h"
#include "graph/op.h"
#include "kernels/int8.h"

namespace frugal {

// activation, alpha, beta, residual_scale, residual_zero, residual_last, y_scale (0: the output is float32), y_zero.
std::vector<AttrSpec> int8_store_attrs(std::vector<AttrSpec> more);
ValueType int8_output(const OpContext& c, SymShape shape);
// Input `i`, where it is there: uint8 or float32, of the output's shape.
void require_residual(const OpContext& c, std::size_t i, const SymShape& shape);
// What the layers share of their inputs: x uint8, weight int8, scale and bias of `channels`, residual, zero point and
// scale of x (one number; or, with `rows`, of that shape), zero points of the weight.
std::vector<InputSpec> int8_layer_inputs();
void require_int8_layer(const OpContext& c, const Dim& channels, const SymShape* rows = nullptr);

// The epilogue of a node, with per-channel multipliers and biases; 1 / y_scale goes into them where the activation
// allows it. Pointers of the result point into `multiplier` and `bias`; the residual's is set at run time.
struct Int8Store {
  Int8Epilogue epilogue;
  Tensor multiplier, bias;  // padded to whole blocks
};
Int8Store int8_store(const NodeContext& c, const std::vector<float>& multiplier, const std::vector<float>& bias,
                     int block);
// Residual input `i`, where it is there.
void set_residual(const RunArgs& args, std::size_t i, Int8Epilogue& epilogue);

}  // namespace frugal
