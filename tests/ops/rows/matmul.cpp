#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(matmul) {
  const std::pair<Shape, Shape> products[] = {{{1, 1}, {1, 1}},
                                              {{3, 5}, {5, 7}},
                                              {{17, 33}, {33, 16}},
                                              {{2, 3, 5}, {2, 5, 4}},
                                              {{2, 3, 5}, {5, 4}},
                                              {{3, 5}, {2, 5, 4}},
                                              {{2, 1, 3, 5}, {1, 4, 5, 6}},
                                              {{2, 2, 3, 5}, {2, 5, 4}},
                                              {{4, 9, 8}, {1, 8, 9}},
                                              {{1, 2, 40, 16}, {1, 2, 16, 40}},
                                              {{0, 5}, {5, 3}},
                                              {{2, 0, 3, 4}, {2, 1, 4, 2}},
                                              {{2, 0}, {0, 3}}};
  for (const auto& [a, b] : products) {
    Shape swapped = b;
    std::swap(swapped[swapped.size() - 1], swapped[swapped.size() - 2]);
    table.add({.op = "matmul", .inputs = {in(a), in(b)}, .tolerance = 2e-5});
    table.add({.op = "matmul", .inputs = {in(a), weight(b)}, .tolerance = 2e-5});
    table.add({.op = "matmul", .inputs = {weight(a), in(b)}, .tolerance = 2e-5});
    table.add({.op = "matmul", .attrs = {{"transpose_b", true}}, .inputs = {in(a), in(swapped)}, .tolerance = 2e-5});
    table.add(
        {.op = "matmul", .attrs = {{"transpose_b", true}}, .inputs = {in(a), weight(swapped)}, .tolerance = 2e-5});
  }
  table.add({.op = "matmul",
             .attrs = {{"transpose_b", true}},
             .inputs = {in({12, 197, 64}), in({12, 197, 64})},
             .speed = true});
  table.add({.op = "matmul", .inputs = {in({12, 197, 197}), in({12, 197, 64})}, .speed = true});
}

}  // namespace frugal
