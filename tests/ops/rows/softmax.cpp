#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(softmax) {
  for (const Shape& x : any_shapes())
    for (std::int64_t axis = 0; axis < static_cast<std::int64_t>(x.size()); ++axis)
      table.add({.op = "softmax", .attrs = {{"axis", axis}}, .inputs = {in(x, Draw::wide)}});
  table.add({.op = "softmax", .attrs = {{"axis", -2}}, .inputs = {in({2, 5, 300})}});  // more columns than a strip
  table.add({.op = "softmax", .inputs = {in({3, 1000}, Draw::wide)}});
  table.add({.op = "softmax", .inputs = {in({12, 197, 197})}, .speed = true});
  table.add({.op = "softmax", .attrs = {{"axis", 1}}, .inputs = {in({1, 19, 128, 128})}, .speed = true});
}

}  // namespace frugal
