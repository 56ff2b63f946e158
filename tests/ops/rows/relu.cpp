#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(relu) {
  for (const Shape& x : any_shapes()) table.add({.op = "relu", .inputs = {in(x)}});
  table.add({.op = "relu", .inputs = {in({1, 64, 112, 112})}, .speed = true});
}

}  // namespace frugal
