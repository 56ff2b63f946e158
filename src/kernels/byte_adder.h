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

struct ByteAdderPlan {
  ByteAdderKernel kernel;
  Conv2dShape shape;
  AdderPlanes layout;
  std::vector<ByteAdderTile> tiles;
  std::vector<std::int64_t> offsets;
  std::int64_t weight_bytes;
};
// For one image of `shape`. `group`: of each output channel.
ByteAdderPlan byte_adder_plan(const KernelTable& table, const Conv2dShape& shape, std::span<const std::uint8_t> group,
                              std::int64_t groups);
// v: [out_c][in_c][kh][kw]; `zero`: what channels beyond the last have in the planes.
void byte_adder_pack(const ByteAdderPlan& plan, const std::uint8_t* v, int zero, std::uint8_t* packed);

// One image: y = finish(factor * (sum over the window of |v - a| + excess) + bias), where a is x on the grid of the
// channel's group (AdderPlanesArgs) and the excess, with `restore`, what the activations exceed their numbers by.
struct ByteAdderImage {
  const float* x;   // [in_c][in_h][in_w]
  ByteGrids grids;  // of the groups
  bool restore;
  const std::uint8_t* weights;  // packed
  const float *factor, *bias;   // of each output channel
  float* y;                     // [out_c][out_h][out_w], or null
  Epilogue epilogue;            // without a bias
  const std::uint8_t* numbers =
      nullptr;  // in place of x: x on the grids, [group][in_c][in_h][in_w]; not with `restore`
  ByteAdderRounded rounded{};
};
// `scratch` is aligned to 64 bytes.
std::int64_t byte_adder_scratch_bytes(const ByteAdderPlan& plan, bool restore);

// What an image goes through: three steps, one after the other, each in parts that may be done in any order.
class ByteAdderPass {
 public:
  ByteAdderPass(const ByteAdderPlan& plan, const ByteAdderImage& image, void* scratch);

  std::int64_t rows() const { return plan_.layout.rows; }
  void planes(std::int64_t begin, std::int64_t end) const;
  std::int64_t restored_rows() const;  // 0 where there is nothing to add
  void restore(std::int64_t begin, std::int64_t end) const;
  std::int64_t items() const;
  void sums(std::int64_t begin, std::int64_t end) const;

 private:
  const ByteAdderPlan& plan_;
  ByteAdderImage image_;
  std::uint8_t* planes_;
  std::int32_t* excess_;  // null where nothing is restored
  float* restored_;
};

}  // namespace frugal
