// Convolution on a thread pool: which algorithms fit a shape, their weight packing, scratch and layouts.
#pragma once

#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/kernels.h"

namespace frugal {

enum class ConvAlgorithm : std::uint8_t {
  direct,       // blocked -> blocked, any kernel; groups of whole channel blocks
  columns,      // the same from gathered columns: strides, narrow maps, deep layers; one group
  plain_input,  // plain -> blocked, few input channels (the first layer)
  depthwise,    // blocked -> blocked, one channel a group
  pixels,       // plain -> plain, few channels, stride 1 along the row: lanes are pixels
  winograd_2,   // blocked -> blocked, 3x3 with stride 1, F(2x2, 3x3): 2.25 times fewer multiplications
  winograd_4,   // the same, F(4x4, 3x3): 4 times fewer; error about twice that of a plain sum
  im2col,       // plain -> plain, anything: columns packed straight into GEMM panels
};

std::string_view name(ConvAlgorithm algorithm);

struct Conv2dPlan {
  const KernelTable* table;
  Conv2dShape shape;
  ConvAlgorithm algorithm;

  bool blocked_input() const { return blocked_output() && algorithm != ConvAlgorithm::plain_input; }
  bool blocked_output() const { return algorithm != ConvAlgorithm::im2col && algorithm != ConvAlgorithm::pixels; }
};

struct Conv2dOptions {
  int threads = 1;
  bool winograd = true;  // allow algorithms whose rounding differs from a plain sum
};
// All algorithms that fit, the one expected to be fastest first; never empty.
std::vector<ConvAlgorithm> conv2d_algorithms(const KernelTable& table, const Conv2dShape& shape,
                                             const Conv2dOptions& options = {});

// True where `pixels` leaves fewer lanes unused than the blocked layout would: few channels that fill no blocks.
bool conv2d_prefers_pixels(const KernelTable& table, const Conv2dShape& shape);

// Floats of a feature map of one image in blocked layout.
std::int64_t blocked_floats(const KernelTable& table, std::int64_t channels, std::int64_t pixels);

std::int64_t conv2d_packed_floats(const Conv2dPlan& plan);
// `weights`: [out_c][in_c / groups][kernel_h][kernel_w].
void conv2d_pack(const Conv2dPlan& plan, const float* weights, float* packed, ThreadPool* pool = nullptr);

// Enough for a pool of `threads` and for any smaller one.
std::int64_t conv2d_scratch_floats(const Conv2dPlan& plan, int threads);
// `out` and the epilogue's residual are in the plan's output layout. Bit-identical for any number of threads.
void conv2d_run(const Conv2dPlan& plan, ThreadPool& pool, const float* in, const float* packed, float* out,
                const Epilogue& epilogue, float* scratch);

// Output size of one axis: floor((size + pads - dilation * (kernel - 1) - 1) / stride) + 1, and 0 where the
// kernel does not fit.
inline std::int64_t conv_out_size(std::int64_t size, std::int64_t pads, std::int64_t kernel, std::int64_t stride,
                                  std::int64_t dilation) {
  const std::int64_t room = size + pads - dilation * (kernel - 1) - 1;
  return room < 0 ? 0 : room / stride + 1;
}

}  // namespace frugal
