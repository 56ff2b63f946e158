#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(grid_sample) {
  for (const char* mode : {"nearest", "bilinear", "bicubic"})
    for (const char* padding : {"zeros", "border", "reflection"})
      for (bool corners : {false, true})
        for (const auto& [x, h, w] : {std::tuple<Shape, std::int64_t, std::int64_t>{{2, 3, 5, 7}, 4, 6},
                                      {{1, 1, 1, 1}, 2, 3},
                                      {{1, 17, 4, 4}, 1, 1},
                                      {{0, 3, 2, 2}, 2, 2}})
          table.add({.op = "grid_sample",
                     .attrs = {{"mode", mode}, {"padding_mode", padding}, {"align_corners", corners}},
                     .inputs = {in(x), in({x[0], h, w, 2})},
                     .tolerance = 1e-4,
                     .gradient = false});
}

}  // namespace frugal
