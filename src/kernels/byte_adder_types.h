// Arguments of the adder convolution of bytes. As in types.h: plain types, no inline functions.
#pragma once

#include "kernels/types.h"

namespace frugal {

// Activations of one image in steps, one plane for each group of output channels that has a step of its own:
//   [group][block of 8 channels][row][phase][column][8 channels]
// with the padding written out. Column x of the padded picture is column x / stride of phase x % stride, so that
// neighbours of an output row are neighbours in memory. A window of one row or column leaves out what no window reads.
// Channels beyond the last are 0 in floats.
struct AdderPlanes {
  std::int64_t channels, in_h, in_w, pad_top, pad_left;
  std::int64_t groups, blocks;
  std::int64_t rows,
      row_step;                          // row r is row r * row_step of the padded picture
  std::int64_t width;                    // of the padded picture as far as windows reach
  std::int64_t stride, phases, columns;  // phases: that are kept
  std::int64_t row_bytes, block_bytes, group_bytes;
};

constexpr int kMostExcess = 65535;  // of one activation: sums over 32768 channels fit 31 bits

// steps = round(x * inverse[g]) + zero; bytes are clamp(steps, 0, qmax), `excess` is clamp(steps - qmax, 0,
// kMostExcess) summed over the channels.
struct AdderPlanesArgs {
  AdderPlanes layout;
  const float* x;  // [channels][in_h][in_w]
  const float* inverse;
  int qmax, zero;
  float limit;  // 0: none
  std::uint8_t* planes;
  std::int32_t* excess;  // [group][rows][width], or null
};

constexpr int kByteAdderChannels = 6;  // of a tile: 12 sums, 2 vectors of pixels, a weight and a distance in 16
                                       // registers

// Output channels of one group that are computed together.
struct ByteAdderTile {
  std::int64_t weights;  // where they begin: [chunk][count][8]
  std::int32_t group, count;
  std::int32_t channel[kByteAdderChannels];
};

struct ByteAdderArgs {
  AdderPlanes layout;
  std::int64_t out_h, out_w;
  std::int64_t row_step;        // from a row of windows to the next one, in rows of the planes
  std::int64_t chunks;          // taps x blocks of 8 channels
  const std::int64_t* offsets;  // of each chunk, from the place of a window's first byte
  const std::uint8_t *planes, *weights;
  const ByteAdderTile* tiles;
  const float *factor, *bias;  // of each output channel
  const float* restored;       // [group][out_h][out_w], added to the sums, or null
  float* y;                    // [out_c][out_h][out_w]: finish(factor * sum + bias)
  Epilogue epilogue;           // without a bias
};

// Items of byte_adder: tiles x pairs of runs of `pixels` neighbours in a row.
struct ByteAdderKernel {
  int pixels;
  void (*planes)(const AdderPlanesArgs& args, std::int64_t row_begin, std::int64_t row_end);
  void (*run)(const ByteAdderArgs& args, std::int64_t begin, std::int64_t end);
  double (*bare_loop)(std::int64_t steps);  // the bytes that so many rounds of
                                            // bare instructions compare
};

namespace scalar {
ByteAdderKernel byte_adder();
}
namespace avx2 {
ByteAdderKernel byte_adder();
}
namespace avx512 {
ByteAdderKernel byte_adder();
}

}  // namespace frugal
