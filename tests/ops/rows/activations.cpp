#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(activations) {
  for (const char* op : {"sigmoid", "silu", "hard_swish", "tanh", "relu", "gelu", "leaky_relu", "hard_sigmoid"}) {
    for (const Shape& x : any_shapes()) table.add({.op = op, .inputs = {in(x, Draw::wide)}});
    table.add({.op = op, .inputs = {in({1, 64, 112, 112})}, .speed = true});
  }
  for (const Shape& x : any_shapes()) {
    table.add({.op = "exp", .inputs = {in(x)}});
    table.add({.op = "gelu", .attrs = {{"approximate", "tanh"}}, .inputs = {in(x, Draw::wide)}});
  }
  table.add(
      {.op = "hard_sigmoid", .attrs = {{"alpha", 0.2}, {"beta", 0.4}}, .inputs = {in({2, 17, 3, 3}, Draw::wide)}});
  table.add({.op = "leaky_relu", .attrs = {{"slope", 0.25}}, .inputs = {in({2, 17, 3, 3})}});
  table.add({.op = "leaky_relu", .attrs = {{"slope", -0.5}}, .inputs = {in({2, 17, 3, 3})}});
}

}  // namespace frugal
