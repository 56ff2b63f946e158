#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(reshape) {
  for (auto [x, shape] : {std::pair<Shape, Ints>{{2, 3, 4, 5}, {0, -1}},
                          {{2, 17, 3, 3}, {0, -1}},
                          {{1, 16, 1, 1}, {1, 16}},
                          {{6}, {2, 3}},
                          {{2, 3, 4}, {4, -1, 2}},
                          {{1}, {}},
                          {{0, 4}, {0, 2, 2}},
                          {{2, 12, 3, 3}, {2, 3, 4, 9}},
                          {{2, 4, 6}, {2, 4, 2, 3}}})
    table.add({.op = "reshape", .attrs = {{"shape", shape}}, .inputs = {in(x)}});
}

}  // namespace frugal
