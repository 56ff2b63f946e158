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
  for (DType type : small_weight_types()) {
    for (std::int64_t rows : {1, 2, 3, 5, 8, 16, 33})
      if (rows == 3 || rows == 33 || type == DType::q4_k)
        table.add({.op = "linear",
                   .inputs = {in({rows, 256}), weight_of(type, {37, 256}), rows == 3 ? weight({37}) : absent()},
                   .tolerance = 2e-5});
    if (type != DType::f16 && type != DType::bf16) continue;
    for (std::int64_t k : {1, 33})
      table.add({.op = "linear", .inputs = {in({2, 3, k}), weight_of(type, {5, k}), weight({5})}, .tolerance = 2e-5});
  }
  for (std::int64_t rows : {1, 8, 256})
    table.add({.op = "linear", .inputs = {in({rows, 1024}), weight({1024, 1024}), weight({1024})}, .speed = true});
}

}  // namespace frugal
