#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(resize) {
  auto add = [&](const char* mode, const char* coordinates, Shape shape, Ints size, Floats scale, bool speed = false) {
    table.add({.op = "resize",
               .attrs = {{"mode", mode},
                         {"coordinates", coordinates},
                         {"size", std::move(size)},
                         {"scale", std::move(scale)}},
               .inputs = {in(std::move(shape))},
               .speed = speed});
  };
  for (const char* mode : {"nearest", "bilinear", "bicubic"})
    for (const char* coordinates :
         {"half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel", "half_pixel_symmetric"}) {
      add(mode, coordinates, {2, 17, 5, 7}, {}, {2, 2});
      add(mode, coordinates, {1, 16, 4, 4}, {13, 3}, {});
      add(mode, coordinates, {1, 3, 6, 5}, {}, {1.5, 0.5});
      add(mode, coordinates, {1, 3, 5, 4}, {}, {2.7, 1.3});  // not the ratio of the sizes
      add(mode, coordinates, {1, 33, 1, 1}, {3, 2}, {});
      add(mode, coordinates, {1, 2, 9, 8}, {1, 1}, {});
      add(mode, coordinates, {2, 3, 4, 6}, {4, 6}, {});
      add(mode, coordinates, {0, 3, 4, 6}, {8, 3}, {});
    }
  for (const char* rounding : {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"})
    for (const char* coordinates : {"half_pixel", "align_corners", "asymmetric"})
      table.add({.op = "resize",
                 .attrs = {{"mode", "nearest"},
                           {"coordinates", coordinates},
                           {"nearest_mode", rounding},
                           {"size", Ints{7, 4}}},
                 .inputs = {in({1, 17, 5, 6})}});
  for (bool exclude : {false, true})
    table.add(
        {.op = "resize",
         .attrs = {{"mode", "bicubic"}, {"cubic_coeff", -0.5}, {"exclude_outside", exclude}, {"scale", Floats{2, 1.5}}},
         .inputs = {in({1, 17, 5, 6})}});
  for (const char* mode : {"nearest", "bilinear"}) add(mode, "half_pixel", {1, 64, 80, 80}, {}, {2, 2}, true);
  add("bicubic", "half_pixel", {1, 3, 270, 480}, {}, {4, 4}, true);
}

}  // namespace frugal
