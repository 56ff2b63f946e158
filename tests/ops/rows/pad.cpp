#include "ops/table.h"

namespace frugal {

static Attrs around(Ints pads, const char* mode = "constant", double value = 0) {
  return {{"pads", std::move(pads)}, {"mode", mode}, {"value", value}};
}

FRUGAL_ROWS(pad) {
  for (const Shape& shape : picture_shapes()) {
    table.add({.op = "pad", .attrs = around({0, 0, 1, 2, 0, 0, 3, 0}), .inputs = {in(shape)}});
    table.add({.op = "pad", .attrs = around({0, 0, 0, 1, 0, 0, 2, 5}, "edge"), .inputs = {in(shape)}});
    table.add({.op = "pad", .attrs = around({0, 2, 0, 0, 0, 1, 0, 0}), .inputs = {in(shape)}});  // ResNet's option A
  }
  table.add({.op = "pad", .attrs = around({1, 0, 0, 0, 1, 0}), .inputs = {in({2, 3, 0})}});  // rows of no bytes
  table.add({.op = "pad", .attrs = around({7, 5}, "wrap"), .inputs = {in({3})}});
  for (const char* mode : {"constant", "reflect", "edge", "wrap"}) {
    table.add({.op = "pad", .attrs = around({0, 0, -1, 2, 0, 0, 1, -2}, mode, 3), .inputs = {in({2, 17, 4, 5})}});
    table.add({.op = "pad", .attrs = around({0, -1, 0, 0, 0, 1, 0, 0}, mode), .inputs = {in({2, 17, 4, 5})}});
    table.add({.op = "pad", .attrs = around({-1, 0, -1, -2}, mode), .inputs = {ids({2, 5}, 99)}});
    table.add({.op = "pad", .attrs = around({0, 0, 3, 2, 0, 0, 1, 4}, mode, -1.5), .inputs = {in({2, 17, 4, 5})}});
    table.add({.op = "pad", .attrs = around({1, 16, 0, 0, 0, 3, 0, 2}, mode, 2), .inputs = {in({2, 17, 4, 5})}});
    table.add({.op = "pad", .attrs = around({0, 0, 0, 0, 0, 0, 0, 0}, mode), .inputs = {in({2, 17, 4, 5})}});
    table.add({.op = "pad", .attrs = around({2, 1}, mode), .inputs = {in({7})}});
    table.add({.op = "pad", .attrs = around({0, 2, 1, 0}, mode), .inputs = {in({2, 5})}});
    table.add({.op = "pad", .attrs = around({0, 1, 1, 1}, mode, 7), .inputs = {ids({2, 5}, 99)}});
  }
}

}  // namespace frugal
