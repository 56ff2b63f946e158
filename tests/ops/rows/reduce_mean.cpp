#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(reduce_mean) {
  for (bool keep : {true, false}) {
    for (const auto& [x, axes] : {std::pair<Shape, Ints>{{1, 3, 7, 5}, {2, 3}},
                                  {{2, 17, 5, 3}, {-1, -2}},
                                  {{2, 17, 5, 3}, {1}},
                                  {{2, 17, 5, 3}, {0, 2}},
                                  {{2, 17, 5, 3}, {1, 3}},
                                  {{2, 17, 5, 3}, {}},
                                  {{1, 16, 4, 4}, {2, 3}},
                                  {{7}, {0}},
                                  {{1, 1}, {1}},
                                  {{3, 17}, {0}},
                                  {{3, 17}, {1}},
                                  {{2, 3, 19}, {1}},
                                  {{2, 3, 19}, {0, 1, 2}},
                                  {{2, 1, 3, 2, 5}, {0, 2, 4}},
                                  {{0, 5}, {1}},
                                  {{0, 3, 4, 4}, {2, 3}},
                                  {{2, 3, 0, 4}, {2, 3}},
                                  {{}, {}}})
      table.add({.op = "reduce_mean", .attrs = {{"axes", axes}, {"keep_dims", keep}}, .inputs = {in(x)}});
  }
  table.add({.op = "reduce_mean", .attrs = {{"axes", Ints{1}}}, .inputs = {in({1, 197, 768})}, .speed = true});
}

}  // namespace frugal
