#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace frugal {

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "frugal: internal error: %s is false at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace frugal
