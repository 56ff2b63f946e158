// One block each way; block_types.cpp makes rows of them.
#pragma once

#include "tensor/block_types.h"

namespace frugal {

void dequantize(const BlockQ8_0& block, float* x);
void dequantize(const BlockQ4_0& block, float* x);
void dequantize(const BlockQ4_1& block, float* x);
void dequantize(const BlockQ5_0& block, float* x);
void dequantize(const BlockQ5_1& block, float* x);
void dequantize(const BlockQ2K& block, float* x);
void dequantize(const BlockQ3K& block, float* x);
void dequantize(const BlockQ4K& block, float* x);
void dequantize(const BlockQ5K& block, float* x);
void dequantize(const BlockQ6K& block, float* x);

void quantize(const float* x, BlockQ8_0& block);
void quantize(const float* x, BlockQ4_0& block);
void quantize(const float* x, BlockQ4_1& block);
void quantize(const float* x, BlockQ5_0& block);
void quantize(const float* x, BlockQ5_1& block);
void quantize(const float* x, BlockQ2K& block);
void quantize(const float* x, BlockQ3K& block);
void quantize(const float* x, BlockQ4K& block);
void quantize(const float* x, BlockQ5K& block);
void quantize(const float* x, BlockQ6K& block);

// A scale as the half a block stores. Error if it is beyond a half's range.
std::uint16_t scale_to_half(float scale);

}  // namespace frugal
