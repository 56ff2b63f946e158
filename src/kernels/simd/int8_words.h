// The 8-bit dot product of AVX2 on bytes widened to 16 bits, for weights of which too many would be split (DotChunk):
// exact for any, and slower than the one on bytes where few are.
#pragma once

#include "kernels/table.h"

namespace frugal::avx2 {
DotKernel<Int8Args> int8_words();  // packed weights are 16-bit words
}
