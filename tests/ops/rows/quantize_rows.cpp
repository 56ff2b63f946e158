#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(quantize_rows) {
  for (const Shape& x : any_shapes()) {
    if (x.empty()) continue;
    for (int zero : {0, 1, 128, 255})
      table.add({.op = "quantize_rows",
                 .attrs = {{"zero_point", zero}},
                 .inputs = {in(x, Draw::wide)},
                 .torch_steps = 1,
                 .gradient = false});
  }
  table.add({.op = "quantize_rows", .inputs = {in({197, 192})}, .torch_steps = 1, .gradient = false});
  table.add({.op = "quantize_rows", .inputs = {in({3, 0})}, .gradient = false});
}

}  // namespace frugal
