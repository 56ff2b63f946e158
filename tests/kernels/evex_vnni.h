// AVX-VNNI's kernel in the encoding of AVX-512 VNNI, which more machines run; needs AVX512_VNNI and AVX512VL.
#pragma once

#include "kernels/table.h"

namespace frugal::avx2 {
DotKernel<Int8Args> evex_vnni();
}
