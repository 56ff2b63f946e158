// The classes of COCO's detection labels, in the usual order 0..79, with their official numbers 1..90.
#pragma once

#include <array>
#include <cstdint>

namespace frugal {

struct CocoName {
  std::int64_t id;
  const char* name;
};

extern const std::array<CocoName, 80> kCocoNames;

}  // namespace frugal
