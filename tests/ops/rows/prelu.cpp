#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(prelu) {
  for (const Shape& x : any_shapes()) {
    table.add({.op = "prelu", .inputs = {in(x), weight({1})}});
    if (x.size() >= 2) table.add({.op = "prelu", .inputs = {in(x), weight({x[1]})}});
  }
  table.add({.op = "prelu", .inputs = {in({1, 64, 112, 112}), weight({64})}, .speed = true});
}

}  // namespace frugal
