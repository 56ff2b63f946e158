#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(quantize_linear) {
  auto byte = [](Shape shape, DType type) {
    return fixed(type == DType::i8 ? signed_ids(std::move(shape), 128, type) : ids(std::move(shape), 256, type));
  };
  for (const Shape& x : any_shapes()) {
    table.add({.op = "quantize_linear",
               .inputs = {in(x, Draw::wide), weight({}, Draw::positive)},
               .torch_steps = 1,
               .gradient = false});
    for (DType type : {DType::u8, DType::i8})
      table.add({.op = "quantize_linear",
                 .inputs = {in(x, Draw::wide), weight({}, Draw::positive), byte({}, type)},
                 .torch_steps = 1,
                 .gradient = false});
    if (x.size() < 2) continue;
    for (DType type : {DType::u8, DType::i8})
      table.add({.op = "quantize_linear",
                 .attrs = {{"axis", x.size() == 4 ? -3 : 1}},
                 .inputs = {in(x, Draw::wide), weight({x[1]}, Draw::positive), byte({x[1]}, type)},
                 .torch_steps = 1,
                 .gradient = false});
  }
  table.add({.op = "quantize_linear",
             .attrs = {{"dtype", std::string("int8")}, {"axis", 0}},
             .inputs = {in({5, 7}), weight({5}, Draw::positive)},
             .torch_steps = 1,
             .gradient = false});
}

}  // namespace frugal
