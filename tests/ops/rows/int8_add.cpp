#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(int8_add) {
  for (const Shape& x : any_shapes())
    for (double y_scale : {0.0, 0.75})
      for (bool bytes : {false, true}) {
        if (!bytes && y_scale == 0) continue;
        table.add({.op = "int8_add",
                   .attrs = {{"x_zero", 3},
                             {"scale", 0.5},
                             {"residual_scale", 0.25},
                             {"residual_zero", 200},
                             {"y_scale", y_scale},
                             {"activation", std::string(bytes ? "relu" : "none")},
                             {"y_zero", 10}},
                   .inputs = {ids(x, 256, DType::u8), bytes ? ids(x, 256, DType::u8) : in(x, Draw::wide)},
                   .torch_steps = 1,
                   .gradient = false});
      }
}

}  // namespace frugal
