#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(concat) {
  for (const Shape& shape : picture_shapes()) {
    table.add({.op = "concat", .inputs = {in(shape)}});
    table.add({.op = "concat", .inputs = {in(shape), in(shape)}});
  }
  table.add({.op = "concat", .inputs = {in({2, 16, 5, 3}), in({2, 32, 5, 3}), in({2, 16, 5, 3})}});  // whole blocks
  table.add({.op = "concat", .inputs = {in({2, 16, 5, 3}), in({2, 3, 5, 3}), in({2, 8, 5, 3})}});
  table.add({.op = "concat", .inputs = {in({1, 8, 4, 4}), in({1, 24, 4, 4})}});
  for (int axis : {0, 2, 3, -1, -2})
    table.add({.op = "concat", .attrs = {{"axis", axis}}, .inputs = {in({2, 17, 3, 5}), in({2, 17, 3, 5})}});
  table.add({.op = "concat", .inputs = {in({2, 3, 5}), in({2, 0, 5}), in({2, 1, 5})}});
  table.add({.op = "concat", .attrs = {{"axis", 0}}, .inputs = {in({3}), in({1}), in({2})}});
  table.add({.op = "concat", .attrs = {{"axis", -1}}, .inputs = {in({2, 3, 4}), in({2, 3, 1})}});
  table.add({.op = "concat", .inputs = {ids({2, 3}, 9), ids({2, 2}, 9)}});
  table.add({.op = "concat", .inputs = {ids({2, 3}, 9, DType::u8), ids({2, 2}, 9, DType::u8)}});
  table.add({.op = "concat", .inputs = {in({1, 64, 80, 80}), in({1, 64, 80, 80})}, .speed = true});
}

}  // namespace frugal
