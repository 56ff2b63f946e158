#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(gather) {
  for (DType index : {DType::i32, DType::i64})
    for (const auto& [x, indices, axis] : {std::tuple<Shape, Shape, std::int64_t>{{5, 3}, {2, 4}, 0},
                                           {{5, 3}, {4}, 1},
                                           {{5, 3}, {}, -1},
                                           {{2, 3, 4, 2}, {2, 2}, 2},
                                           {{7}, {3}, 0},
                                           {{7}, {0}, 0},
                                           {{3, 0}, {2}, 0}}) {
      const std::int64_t size = x[axis < 0 ? x.size() - 1 : static_cast<std::size_t>(axis)];
      RowInput at = ids(indices, size, index);
      table.add({.op = "gather", .attrs = {{"axis", axis}}, .inputs = {in(x), at}});
      table.add({.op = "gather", .attrs = {{"axis", axis}}, .inputs = {typed(x, DType::u8, 200), at}});
      at.draw = Draw::whole;  // from the end too
      table.add({.op = "gather", .attrs = {{"axis", axis}}, .inputs = {in(x), at}});
      table.add({.op = "gather", .attrs = {{"axis", axis}}, .inputs = {typed(x, DType::i64, 9), at}});
    }
}

}  // namespace frugal
