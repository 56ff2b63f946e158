#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(linear) {
  for (bool bias : {true, false})
    for (auto [x, out] : {std::pair{Shape{1, 1}, 1},
                          {{1, 17}, 10},
                          {{3, 33}, 16},
                          {{16, 8}, 5},
                          {{2, 3, 19}, 7},
                          {{7}, 3},
                          {{0, 4}, 2},
                          {{2, 1, 3, 5}, 6},
                          {{64, 128}, 72}})
      table.add({.op = "linear",
                 .inputs = {in(x), weight({out, x.back()}), bias ? weight({out}) : absent()},
                 .tolerance = 2e-5});
  for (std::int64_t rows : {1, 8, 256})
    table.add({.op = "linear", .inputs = {in({rows, 1024}), weight({1024, 1024}), weight({1024})}, .speed = true});
}

}  // namespace frugal
