#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(pixel_shuffle) {
  auto add = [&](Shape shape, int factor, bool speed = false) {
    table.add({.op = "pixel_shuffle", .attrs = {{"factor", factor}}, .inputs = {in(std::move(shape))}, .speed = speed});
  };
  add({1, 4, 1, 1}, 2);
  add({2, 12, 3, 5}, 2);
  add({1, 48, 4, 3}, 4);
  add({1, 27, 2, 7}, 3);
  add({2, 17, 3, 3}, 1);
  add({0, 4, 3, 3}, 2);
  add({1, 12, 270, 480}, 2, true);
}

}  // namespace frugal
