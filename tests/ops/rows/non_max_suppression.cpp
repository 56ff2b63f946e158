#include <array>

#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(non_max_suppression) {
  for (const bool centre : {false, true})
    for (const int most : {0, 3, 100})
      for (const auto& [n, c, b] : {std::array<std::int64_t, 3>{1, 1, 1}, {2, 3, 17}, {1, 2, 60}, {1, 2, 0}})
        table.add({.op = "non_max_suppression",
                   .attrs = {{"most", most}, {"iou", 0.3}, {"score", 0.6}, {"centre", centre}},
                   .inputs = {in({n, b, 4}, Draw::positive), in({n, c, b}, Draw::positive)},
                   .gradient = false});
}

}  // namespace frugal
