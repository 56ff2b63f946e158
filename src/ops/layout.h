// How a stored value lies in memory, for ops that only move elements.
#pragma once

#include "engine/engine_op.h"

namespace frugal {

// Dims as they lie in memory, outermost first: the shape itself, or [N, ceil(C/block), H, W, block].
Shape memory_shape(const StoredType& type);

Shape dense_strides(const Shape& shape);

// A start and a length along `axis` can be expressed in whole channel blocks (any, for other axes).
bool whole_blocks(std::int64_t axis, std::int64_t start, std::int64_t length, int block);

// Every data input and output has four dims, as a blocked layout needs.
bool all_rank4(const NodeContext& context);

}  // namespace frugal
