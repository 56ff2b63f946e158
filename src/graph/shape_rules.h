// Shape arithmetic that several ops share.
#pragma once

#include "graph/op.h"

namespace frugal {

// Whether two sizes may be equal: they are, or symbols leave it open until they are bound.
bool may_be_equal(const Dim& a, const Dim& b);

// NumPy broadcasting. Symbolic dims broadcast with themselves and with 1.
SymShape broadcast(const OpContext& context, const SymShape& a, const SymShape& b);

// Output size of a window (convolution, pooling): floor((in + pad - dilation*(kernel-1) - 1) / stride) + 1.
Dim window_output(const OpContext& context, const Dim& in, std::int64_t kernel, std::int64_t stride,
                  std::int64_t dilation, std::int64_t pad_total, bool ceil_mode = false);

// Maps a negative axis to 0..rank-1; an axis outside -rank..rank-1 is refused.
std::size_t normalize_axis(const OpContext& context, std::int64_t axis, std::size_t rank);

// The type of the first input, for elementwise ops of one operand.
std::vector<ValueType> infer_same(const OpContext& context);
// Two operands of one dtype, broadcast together.
std::vector<ValueType> infer_broadcast(const OpContext& context);

// Which dims the attribute `axes` names (none: all).
std::vector<bool> named_axes(const OpContext& context, std::size_t rank);
// The shape without the named dims; with `keep_dims` they stay, with size 1.
SymShape reduced_shape(const SymShape& shape, const std::vector<bool>& reduced, bool keep_dims);

}  // namespace frugal
