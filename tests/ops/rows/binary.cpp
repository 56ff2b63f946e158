#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(binary) {
  // Both ways round: either operand may be the one that is repeated.
  const std::pair<Shape, Shape> broadcasts[] = {{{2, 17, 5, 3}, {2, 17, 1, 1}},
                                                {{2, 17, 5, 3}, {1, 17, 1, 1}},
                                                {{2, 17, 5, 3}, {17, 1, 1}},
                                                {{1, 16, 4, 4}, {1, 16, 1, 1}},
                                                {{1, 40, 9, 7}, {1, 40, 1, 1}},
                                                {{2, 3, 5, 3}, {2, 1, 5, 3}},
                                                {{2, 17, 5, 3}, {5, 3}},
                                                {{2, 17, 5, 3}, {3}},
                                                {{2, 17, 5, 3}, {1, 17, 5, 3}},
                                                {{2, 17, 5, 3}, {2, 17, 5, 1}},
                                                {{2, 17, 5, 3}, {1}},
                                                {{2, 17, 5, 3}, {}},
                                                {{4, 7}, {4, 1}},
                                                {{4, 7}, {7}},
                                                {{2, 3, 4, 2, 5}, {3, 1, 2, 1}},
                                                {{0, 3, 4, 4}, {3, 1, 1}},
                                                {{3, 1, 5}, {1, 4, 1}},
                                                {{2, 1, 3, 1}, {1, 5, 1, 7}},
                                                {{2, 1, 4, 4}, {2, 20, 1, 1}},
                                                {{5, 1}, {1, 1}}};
  for (const char* op : {"add", "sub", "mul", "div"}) {
    const Draw divisor = std::string(op) == "div" ? Draw::positive : Draw::normal;
    for (const Shape& x : any_shapes()) table.add({.op = op, .inputs = {in(x), in(x, divisor)}});
    for (const auto& [a, b] : broadcasts) {
      table.add({.op = op, .inputs = {in(a), in(b, divisor)}});
      table.add({.op = op, .inputs = {in(b), in(a, divisor)}});
      table.add({.op = op, .inputs = {in(a), weight(b, divisor)}});
      table.add({.op = op, .inputs = {weight(b), in(a, divisor)}});
    }
    table.add({.op = op, .inputs = {in({1, 64, 112, 112}), in({1, 64, 112, 112})}, .speed = true});
    table.add({.op = op, .inputs = {in({1, 64, 112, 112}), in({1, 64, 1, 1})}, .speed = true});
  }
}

}  // namespace frugal
