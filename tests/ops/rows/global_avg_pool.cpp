#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(global_avg_pool) {
  for (const Shape& x : picture_shapes()) table.add({.op = "global_avg_pool", .inputs = {in(x)}});
  table.add({.op = "global_avg_pool", .inputs = {in({1, 512, 7, 7})}, .speed = true});
}

}  // namespace frugal
