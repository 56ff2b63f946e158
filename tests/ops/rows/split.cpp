#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(split) {
  for (const auto& [x, sizes, axis] : {std::tuple<Shape, Ints, int>{{2, 17, 5, 3}, {5, 12}, 1},
                                       {{1, 32, 4, 4}, {16, 16}, 1},
                                       {{2, 48, 3, 2}, {16, 32}, 1},
                                       {{2, 17, 5, 3}, {2, 0, 3}, 2},
                                       {{2, 17, 5, 3}, {1, 1, 1}, -1},
                                       {{6}, {1, 2, 3}, 0},
                                       {{4, 9}, {3, 3, 3}, 1},
                                       {{4, 9}, {4}, 0},
                                       {{0, 4}, {1, 3}, 1},
                                       {{3, 16, 4, 4}, {1, 2}, 0},
                                       {{2, 3, 19}, {19}, 2}})
    table.add({.op = "split", .attrs = {{"sizes", sizes}, {"axis", axis}}, .inputs = {in(x)}});
  table.add({.op = "split", .attrs = {{"sizes", Ints{2, 3}}}, .inputs = {ids({3, 5}, 100)}});
}

}  // namespace frugal
