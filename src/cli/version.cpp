#include "cli/version.h"

#include <fmt/core.h>

#include "base/check.h"
#include "kernels/kernels.h"

namespace frugal {

std::string version_text() {
#if defined(__clang__)
  std::string compiler = "Clang " __clang_version__;
#else
  std::string compiler = "GCC " __VERSION__;
#endif
  std::string supported;
  for (Isa isa : {Isa::scalar, Isa::avx2, Isa::avx512})
    if (isa_supported(isa)) supported += fmt::format("{}{}", supported.empty() ? "" : ", ", name(isa));
  return fmt::format("frugal {}\ncompiler: {}\ninstruction sets here: {}", FRUGAL_VERSION, compiler, supported);
}

}  // namespace frugal
