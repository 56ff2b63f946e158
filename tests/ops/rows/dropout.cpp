#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(dropout) {
  for (const Shape& x : any_shapes())
    for (double rate : {0.0, 0.3, 1.0})
      for (const char* per : {"element", "sample"})
        table.add({.op = "dropout", .attrs = {{"rate", rate}, {"per", per}}, .inputs = {in(x)}});
}

}  // namespace frugal
