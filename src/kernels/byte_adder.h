// The adder convolution of bytes, y = factor * sum over the window of |v - a| + bias: what Nie et al., "Redistribution
// of Weights and Activations for AdderNet Quantization" (NeurIPS 2022), makes of an adder layer. One vpsadbw compares 8
// channels of several neighbouring pixels with one kernel and adds up. Sums are exact.
#pragma once

#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/byte_adder_types.h"
#include "kernels/kernels.h"

namespace frugal {

ByteAdderKernel byte_adder_kernel(Isa isa);  // the ISA must be supported

// Of one image of `shape` whose output channels are in `groups` groups.
AdderPlanes adder_planes(const Conv2dShape& shape, std::int64_t groups);
// Vectors of pixels at the end of a row reach beyond it.
std::int64_t adder_planes_bytes(const AdderPlanes& layout);

struct ByteAdderPlan {
  Isa isa;
  Conv2dShape shape;
  AdderPlanes layout;
  std::vector<ByteAdderTile> tiles;
  std::vector<std::int64_t> offsets;
  std::int64_t weight_bytes;
};
// `group`: of each output channel.
ByteAdderPlan byte_adder_plan(Isa isa, const Conv2dShape& shape, std::span<const std::uint8_t> group,
                              std::int64_t groups);
// v: [out_c][in_c][kh][kw]; `zero`: what channels beyond the last have in the planes.
void byte_adder_pack(const ByteAdderPlan& plan, const std::uint8_t* v, int zero, std::uint8_t* packed);

std::int64_t byte_adder_items(const ByteAdderPlan& plan);  // of one image
// Sums of windows of `excess` (AdderPlanesArgs), for output rows [begin, end) of groups * out_h.
void adder_restore(const ByteAdderPlan& plan, const std::int32_t* excess, float* restored, std::int64_t begin,
                   std::int64_t end);

}  // namespace frugal
