// A convolution whose windows are gathered into columns, a slab of input channels of a few dozen pixels at a time: for
// strides and narrow maps, whose rows fill no register tiles, and for deep layers, whose weights stream from memory.
#pragma once

#include "kernels/types.h"

namespace frugal {

// As KernelTable::conv_direct, groups = 1, weights packed alike; a strip is a range of pixels of one image. `scratch`
// is one thread's.
struct ConvColumns {
  Extent (*extent)(const Conv2dShape& shape);
  std::int64_t (*scratch_floats)(const Conv2dShape& shape);
  void (*run)(const Conv2dArgs& args, Extent begin, Extent end, float* scratch);
};
namespace avx2 {
extern const ConvColumns conv_columns;
}
namespace avx512 {
extern const ConvColumns conv_columns;
}

}  // namespace frugal
