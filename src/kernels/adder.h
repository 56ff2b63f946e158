// Adder convolution in floats (Chen et al., "AdderNet", CVPR 2020): y[t] = -sum over the window of |w[t] - x|.
// Maps are plain. Padding is a tap like any other: it adds -|w|.
#pragma once

#include "kernels/kernels.h"

namespace frugal {

// Panels of pixels of one image, the grain that work is split by.
std::int64_t adder_panels(const KernelTable& table, const Conv2dShape& shape);
// Of one thread.
std::int64_t adder_scratch_floats(const KernelTable& table, const Conv2dShape& shape);

// Panels [begin, end) of one image: x [in_c][in_h][in_w], weights [out_c][in_c][kh][kw], y [out_c][out_h][out_w].
void adder_conv2d(const KernelTable& table, const Conv2dShape& shape, const float* x, const float* weights, float* y,
                  const Epilogue& epilogue, float* scratch, std::int64_t begin, std::int64_t end);

// dx = sum over windows and channels of clamp(w - x, -1, 1) * dy, of one whole image.
void adder_conv2d_input_gradient(const KernelTable& table, const Conv2dShape& shape, const float* x,
                                 const float* weights, const float* dy, float* dx, float* scratch);

}  // namespace frugal
