// Argument types of the 8-bit kernels. No inline functions here (see types.h).
//
// A stored activation is an unsigned byte q that stands for (q - zero) * scale; weights are signed bytes. Sums of
// products are exact int32. Blocked maps of bytes have the layout of blocked floats, byte for float.
#pragma once

#include "kernels/types.h"

namespace frugal {

// What an 8-bit kernel does to an exact sum before it stores it; a kernel of another kind (sums of absolute
// differences) uses the same store:
//   v = fma(sum, multiplier, bias)                        per channel; where rows have scales, of sum * row_scale
//   v = fma(residual - residual_zero, residual_scale, v)  here, or after the activation where residual_last
//   v = activation(v)
//   q = round_half_even(clamp(v * to_steps, -zero, 255 - zero)) + zero    where `quantized`, else v itself
struct Int8Epilogue {
  const float* multiplier = nullptr;  // [whole blocks of channels]
  const float* bias = nullptr;        // the same
  const float* row_scale = nullptr;   // of each row of the input, where row_major
  const void* residual = nullptr;     // the output's layout; bytes, or floats where residual_is_float
  bool residual_is_float = false;
  bool residual_last = false;
  float residual_scale = 1;
  std::int32_t residual_zero = 0;
  ActivationSpec activation{};
  bool quantized = false;
  float to_steps = 1;  // 1 / output scale, or 1 where the compiler has put that into the rest
  std::int32_t zero = 0;
};

// With vpmaddubsw, sums of two products must not overflow 16 bits. Where they might, the weights of a block of output
// channels are a sum of two vectors: one among all others, and a rest, which takes a dot product of its own with the
// same 4 bytes of the input.
struct DotRest {
  std::int64_t in_block;
  std::int32_t tap, byte;  // of the pixel
};
// The rests of a chunk of one or two blocks: where they lie among the packed weights, in bytes, as [count] DotRest and
// [count] vectors, the first block's first.
struct DotChunk {
  std::int64_t at, count[2];
};

// A convolution, or a linear layer where `row_major`: then the shape is 1x1 over in_h = out_h = 1 rows of in_w = out_w
// = M pixels, input [M][in_c], output [M][out_c].
struct Int8Args {
  Conv2dShape shape;
  const std::uint8_t* in = nullptr;
  std::int32_t in_zero = 0;             // what padding holds
  const void* weights = nullptr;        // packed, see kernels/int8.h
  const DotChunk* chunks = nullptr;     // where the kernel splits weights
  const std::int32_t* first = nullptr;  // sums start here: -in_zero * (sum of the channel's weights)
  // Weights with zero points, of dense kernels of one group: w stands for w - weight_zero, of each channel. Then
  // weight_zero * window_sums, of each pixel of the output the sum of (x - in_zero) under its window, goes off too.
  const std::int32_t* weight_zero = nullptr;
  const std::int32_t* window_sums = nullptr;
  void* out = nullptr;  // bytes, or floats where not epilogue.quantized
  bool row_major = false;
  Int8Epilogue epilogue;
};

// a and b as the epilogue's sum and residual, over n contiguous elements; multiplier and bias point to one float each.
struct Int8AddArgs {
  const std::uint8_t* a;
  std::int32_t a_zero;
  Int8Epilogue epilogue;
  void* out;
};

// The kernels. Each computes the rectangle [begin, end) of its extent (types.h); `scratch` is one thread's.
struct Int8Table {
  // saturate(round_half_even(x / scale) + zero) to low..low+255; NaN becomes the lowest. Bytes hold q modulo 256.
  void (*quantize)(std::int64_t n, const float* in, std::uint8_t* out, float scale, std::int32_t zero,
                   std::int32_t low);
  // (q - zero) * scale, bytes read as low..low+255.
  void (*dequantize)(std::int64_t n, const std::uint8_t* in, float* out, float scale, std::int32_t zero,
                     std::int32_t low);
  // Plain floats to blocked bytes (low = 0): one image of `channels` planes of `pixels`; blocks [begin, end) of it.
  void (*quantize_to_blocked)(std::int64_t channels, std::int64_t pixels, const float* in, std::uint8_t* out,
                              float scale, std::int32_t zero, std::int64_t begin, std::int64_t end);

  DotKernel<Int8Args> dense;
  DotKernel<Int8Args> depthwise;
  void (*add)(const Int8AddArgs& args, std::int64_t begin, std::int64_t end);
  // As KernelTable::pool with Pool::max, on bytes.
  void (*max_pool)(const PoolArgs& args, const std::uint8_t* in, std::uint8_t* out, std::int64_t begin,
                   std::int64_t end);
};

}  // namespace frugal
