// One view of all block-quantised types (tensor/block_types.h): 32 elements with one or two groups of scales.
#pragma once

#include <cstdint>

#include "frugal/tensor.h"
#include "kernels/block_linear_types.h"

namespace frugal {

// Element i of group g stands for (d scale[g]) (code[i] - zero) + m min[g], with d and m IEEE halves; a signed byte in
// `code` for Q8_0.
struct BlockUnit {
  std::uint8_t code[kBlockUnit];
  std::int8_t scale[2], min[2];
  std::uint16_t d, m;
};

// Unit `unit` of a row of the given type.
BlockUnit block_unit(DType type, const void* row, std::int64_t unit);

bool has_block_form(DType type);  // block-quantised, float16 or bfloat16
BlockForm block_form(DType type);
DType block_dtype(BlockForm form);

}  // namespace frugal
