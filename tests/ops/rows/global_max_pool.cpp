#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(global_max_pool) {
  for (const Shape& x : picture_shapes()) table.add({.op = "global_max_pool", .inputs = {in(x)}});
}

}  // namespace frugal
