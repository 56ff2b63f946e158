#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(linear_group) {
  for (std::int64_t rows : {0, 1, 3, 33})
    for (auto [a, b] : {std::pair{DType::q4_k, DType::q6_k}, {DType::q5_0, DType::f16}, {DType::f32, DType::q8_0}})
      table.add({.op = "linear_group",
                 .inputs = {in({rows, 256}), weight_of(a, {37, 256}), weight({37}), weight_of(b, {16, 256}), absent(),
                            weight_of(a, {3, 256}), absent()},
                 .tolerance = 2e-5});
  table.add({.op = "linear_group",
             .inputs = {in({2, 3, 7}), weight({5, 7}), weight({5}), weight({1, 7}), weight({1})},
             .tolerance = 2e-5});
}

}  // namespace frugal
