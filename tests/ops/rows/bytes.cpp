// Ops that only move elements, on bytes.
#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(bytes) {
  const RowInput x = ids({2, 17, 5, 3}, 256, DType::u8), whole = ids({2, 32, 5, 3}, 256, DType::u8);
  for (const RowInput& other : {x, whole}) {
    table.add({.op = "concat", .inputs = {x, other}, .gradient = false});
    table.add({.op = "concat", .inputs = {whole, other}, .gradient = false});
  }
  for (const RowInput& in : {x, whole})
    for (const char* how : {"asymmetric", "half_pixel"})
      table.add({.op = "resize",
                 .attrs = {{"mode", "nearest"}, {"coordinates", how}, {"scale", Floats{2, 2}}},
                 .inputs = {in},
                 .gradient = false});
  table.add({.op = "reshape", .attrs = {{"shape", Ints{0, -1}}}, .inputs = {x}, .gradient = false});
  table.add({.op = "transpose", .attrs = {{"perm", Ints{0, 2, 3, 1}}}, .inputs = {x}, .gradient = false});
  table.add({.op = "split", .attrs = {{"sizes", Ints{16, 16}}, {"axis", 1}}, .inputs = {whole}, .gradient = false});
}

}  // namespace frugal
