#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(dropout) {
  for (const Shape& x : any_shapes())
    for (double rate : {0.0, 0.3, 1.0}) table.add({.op = "dropout", .attrs = {{"rate", rate}}, .inputs = {in(x)}});
}

}  // namespace frugal
