#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(clip) {
  for (const Shape& shape : any_shapes())
    table.add({.op = "clip", .attrs = {{"min", -0.5}, {"max", 3.25}}, .inputs = {in(shape, Draw::wide)}});
  table.add({.op = "clip", .attrs = {{"min", 0.0}}, .inputs = {in({2, 17, 5, 3})}});
  table.add({.op = "clip", .attrs = {{"max", -1.0}}, .inputs = {in({2, 17, 5, 3})}});
  table.add({.op = "clip", .inputs = {in({3, 5})}});
  table.add({.op = "clip", .attrs = {{"min", 1.0}, {"max", 2.0}}, .inputs = {in({1, 64, 112, 112})}, .speed = true});
}

}  // namespace frugal
