#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(adaptive_avg_pool2d) {
  for (const Shape& shape : picture_shapes()) {
    table.add({.op = "adaptive_avg_pool2d", .attrs = {{"size", Ints{2, 3}}}, .inputs = {in(shape)}});
    table.add({.op = "adaptive_avg_pool2d", .attrs = {{"size", Ints{1, 1}}}, .inputs = {in(shape)}});
  }
  table.add({.op = "adaptive_avg_pool2d", .attrs = {{"size", Ints{3, 2}}}, .inputs = {in({1, 20, 20, 12})}});
  table.add({.op = "adaptive_avg_pool2d", .attrs = {{"size", Ints{7, 7}}}, .inputs = {in({1, 16, 10, 15})}});
  table.add({.op = "adaptive_avg_pool2d", .attrs = {{"size", Ints{5, 4}}}, .inputs = {in({1, 20, 20, 12})}});
}

}  // namespace frugal
