// What the quantising ops share: how scales and zero points go with a tensor.
#pragma once

#include "engine/engine_op.h"
#include "graph/op.h"

namespace frugal {

// Checks scale (input 1) and zero point (input 2, may be absent) against x: one for the whole tensor ([] or [1]), or
// one for each index of `axis`.
void require_scales(const OpContext& c, const char* element);

// The tensor as rows of equal scale: `outer` times `channels` runs of `inner` elements.
struct ScaleRows {
  std::int64_t outer, channels, inner;
};
ScaleRows scale_rows(const NodeContext& c);

std::int32_t lowest(DType byte);  // 0 for uint8, -128 for int8

}  // namespace frugal
