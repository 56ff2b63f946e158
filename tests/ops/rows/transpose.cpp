#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(transpose) {
  for (const auto& [x, perm] : {std::pair<Shape, Ints>{{1}, {0}},
                                {{3, 17}, {1, 0}},
                                {{3, 17}, {0, 1}},
                                {{2, 3, 19}, {2, 0, 1}},
                                {{2, 3, 19}, {0, 2, 1}},
                                {{2, 17, 5, 3}, {0, 2, 3, 1}},
                                {{2, 5, 3, 17}, {0, 3, 1, 2}},
                                {{1, 16, 4, 4}, {0, 1, 3, 2}},
                                {{2, 17, 5, 3}, {1, 0, 2, 3}},
                                {{2, 1, 3, 2, 5}, {4, 2, 0, 1, 3}},
                                {{0, 3, 4, 4}, {3, 2, 1, 0}},
                                {{33, 40}, {1, 0}}})
    table.add({.op = "transpose", .attrs = {{"perm", perm}}, .inputs = {in(x)}});
  table.add({.op = "transpose", .attrs = {{"perm", Ints{1, 0}}}, .inputs = {ids({3, 5}, 100)}});
  table.add(
      {.op = "transpose", .attrs = {{"perm", Ints{0, 2, 1, 3}}}, .inputs = {in({1, 197, 12, 64})}, .speed = true});
  table.add(
      {.op = "transpose", .attrs = {{"perm", Ints{0, 2, 3, 1}}}, .inputs = {in({1, 64, 112, 112})}, .speed = true});
}

}  // namespace frugal
