#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(dequantize_linear) {
  for (const Shape& x : any_shapes())
    for (DType type : {DType::u8, DType::i8}) {
      auto bytes = [type](Shape shape) {
        return type == DType::i8 ? signed_ids(std::move(shape), 128, type) : ids(std::move(shape), 256, type);
      };
      table.add({.op = "dequantize_linear", .inputs = {bytes(x), weight({}, Draw::positive)}, .gradient = false});
      table.add({.op = "dequantize_linear",
                 .inputs = {bytes(x), weight({1}, Draw::positive), fixed(bytes({1}))},
                 .gradient = false});
      if (x.size() >= 2)
        table.add({.op = "dequantize_linear",
                   .attrs = {{"axis", 1}},
                   .inputs = {bytes(x), weight({x[1]}, Draw::positive), fixed(bytes({x[1]}))},
                   .gradient = false});
    }
  table.add({.op = "dequantize_linear",
             .attrs = {{"axis", 0}},
             .inputs = {signed_ids({7}, 100000, DType::i32), weight({7}, Draw::positive)},
             .gradient = false});
}

}  // namespace frugal
