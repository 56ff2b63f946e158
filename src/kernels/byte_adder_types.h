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
  std::int64_t rows, row_step;           // row r is row r * row_step of the padded picture
  std::int64_t width;                    // of the padded picture as far as windows reach
  std::int64_t stride, phases, columns;  // phases: that are kept
  std::int64_t row_bytes, block_bytes, group_bytes;
};

// Grids of bytes, one for each group: steps = round(x' * inverse[g]) + zero, half to even; x' is x cut at `limit`, NaN
// is 0 steps; the number is clamp(steps, 0, qmax).
struct ByteGrids {
  const float* inverse;  // 1 / step
  int qmax, zero;
  float limit;  // 0: none
};

constexpr int kMostExcess = 65535;  // of one activation: sums over 32768 channels fit 31 bits

// From floats, or from what has been rounded before. `excess` is clamp(steps - qmax, 0, kMostExcess) summed over the
// channels.
struct AdderPlanesArgs {
  AdderPlanes layout;
  const float* x;               // [channels][in_h][in_w]
  const std::uint8_t* numbers;  // [group][channels][in_h][in_w]; where null, they are made of x
  ByteGrids grids;
  std::uint8_t* planes;
  std::int32_t* excess;  // [group][rows][width], or null; of floats only
};

constexpr int kByteAdderChannels = 6;  // of a tile: 12 sums, 2 vectors of pixels, a weight and a distance in 16
                                       // registers

// Output channels of one group that are computed together.
struct ByteAdderTile {
  std::int64_t weights;  // where they begin: [chunk][count][8]
  std::int32_t group, count;
  std::int32_t channel[kByteAdderChannels];
};

// The result on the grids of the layer that reads it.
struct ByteAdderRounded {
  std::uint8_t* numbers;  // [grid][out_c][out_h][out_w], null: nobody reads them
  std::int64_t count;     // of grids
  ByteGrids grids;
};

struct ByteAdderArgs {
  AdderPlanes layout;
  std::int64_t out_c, out_h, out_w;  // the output as one row, where its rows have no gaps in the planes
  std::int64_t row_step;             // from a row of windows to the next one, in rows of the planes
  std::int64_t chunks;               // taps x blocks of 8 channels
  const std::int64_t* offsets;       // of each chunk, from the place of a window's first byte
  const std::uint8_t *planes, *weights;
  std::int64_t weight_bytes;
  const ByteAdderTile* tiles;
  const float *factor, *bias;  // of each output channel
  const float* restored;       // [group][out_h][out_w], added to the sums, or null
  float* y;                    // [out_c][out_h][out_w]: finish(factor * sum + bias); null: only `rounded`
  Epilogue epilogue;           // without a bias
  ByteAdderRounded rounded;    // the same values
};

// Items of `run`: tiles x pairs of runs of neighbours in a row, of which an output has pairs(out_h, out_w).
struct ByteAdderKernel {
  std::int64_t (*pairs)(std::int64_t out_h, std::int64_t out_w);
  void (*planes)(const AdderPlanesArgs& args, std::int64_t row_begin, std::int64_t row_end);
  void (*run)(const ByteAdderArgs& args, std::int64_t begin, std::int64_t end);
  double (*bare_loop)(std::int64_t steps);  // the bytes that so many rounds of bare instructions compare
};

}  // namespace frugal
