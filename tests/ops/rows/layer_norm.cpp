#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(layer_norm) {
  for (const Shape& x : {Shape{1, 2}, Shape{3, 17}, Shape{2, 3, 19}, Shape{1, 5, 33}, Shape{0, 5}, Shape{2, 3, 4, 5}})
    for (std::int64_t axis : {-1, -2}) {
      Shape tail(x.end() + axis, x.end());
      table.add({.op = "layer_norm",
                 .attrs = {{"axis", axis}},
                 .inputs = {in(x), weight(tail), weight(tail)},
                 .tolerance = 2e-5});
      table.add({.op = "layer_norm",
                 .attrs = {{"axis", axis}, {"eps", 1e-3}},
                 .inputs = {in(x), absent(), absent()},
                 .tolerance = 2e-5});
      table.add({.op = "layer_norm",
                 .attrs = {{"axis", axis}},
                 .inputs = {in(x), weight(tail), absent()},
                 .tolerance = 2e-5});
    }
  table.add({.op = "layer_norm", .inputs = {in({197, 768}), weight({768}), weight({768})}, .speed = true});
}

}  // namespace frugal
