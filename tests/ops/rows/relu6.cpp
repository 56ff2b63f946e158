#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(relu6) {
  for (const Shape& shape : any_shapes()) table.add({.op = "relu6", .inputs = {in(shape, Draw::wide)}});
}

}  // namespace frugal
