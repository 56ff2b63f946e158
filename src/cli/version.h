#pragma once

#include <string>

namespace frugal {

std::string version_text();  // "frugal 0.1.0 (GCC 12.2.0, scalar avx2 avx512; this machine runs avx2)"

}  // namespace frugal
