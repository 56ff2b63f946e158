#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(rope) {
  for (bool interleaved : {false, true}) {
    auto row = [&](std::int64_t rows, std::int64_t heads, std::int64_t depth, std::int64_t dims) {
      table.add({.op = "rope",
                 .attrs = {{"head_depth", depth}, {"interleaved", interleaved}},
                 .inputs = {in({rows, heads * depth}), in({rows, dims})}});
    };
    row(1, 1, 2, 2);
    row(3, 2, 8, 8);
    row(5, 3, 10, 6);  // part of each head stays
    row(2, 9, 64, 64);
    row(0, 2, 8, 8);
  }
  for (DType dtype : {DType::i32, DType::i64}) {
    table.add({.op = "rotary_table", .attrs = {{"dims", 8}}, .inputs = {ids({5}, 100, dtype)}, .gradient = false});
    table.add({.op = "rotary_table",
               .attrs = {{"dims", 64}, {"base", 500000.0}, {"scale", 0.125}, {"magnitude", 1.2}},
               .inputs = {ids({7}, 8000, dtype), weight({32}, Draw::positive, WeightRole::constant)},
               .gradient = false});
  }
}

}  // namespace frugal
