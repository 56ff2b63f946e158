// Dense kernels for weights whose neighbours do not overflow 16 bits: |255 (w0 + w1)| <= 32767 for the positive and
// for the negative ones of every two input channels 2i and 2i + 1. Then vpmaddubsw is exact, and an instruction set
// without VNNI takes bytes as they lie in memory.
#pragma once

#include "kernels/table.h"

namespace frugal {

struct Int8Dense {
  int step;          // input channels of one dot product
  int weight_bytes;  // of a packed weight
  Extent (*extent)(const Int8Args& args);
  void (*run)(const Int8Args& args, Extent begin, Extent end, std::uint8_t* scratch);
  std::int64_t (*scratch)(const Int8Args& args);
};

namespace avx2 {
Int8Dense int8_pairs();
}

}  // namespace frugal
