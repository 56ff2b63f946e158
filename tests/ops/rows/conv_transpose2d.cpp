#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(conv_transpose2d) {
  auto add = [&](Shape x, Shape w, Ints stride, Ints padding, Ints more = {0, 0}, Ints dilation = {1, 1},
                 std::int64_t groups = 1, bool dynamic = false, bool speed = false) {
    const std::int64_t out = w[1] * groups;
    table.add({.op = "conv_transpose2d",
               .attrs = {{"stride", stride},
                         {"padding", padding},
                         {"output_padding", more},
                         {"dilation", dilation},
                         {"groups", groups}},
               .inputs = {in(x), dynamic ? in(w) : weight(w), dynamic ? absent() : weight({out})},
               .tolerance = 1e-4,
               .speed = speed});
  };
  for (bool dynamic : {false, true}) {
    add({2, 3, 5, 4}, {3, 2, 2, 2}, {2, 2}, {0, 0, 0, 0}, {0, 0}, {1, 1}, 1, dynamic);
    add({1, 17, 5, 4}, {17, 33, 3, 3}, {2, 2}, {1, 1, 1, 1}, {1, 1}, {1, 1}, 1, dynamic);
    add({2, 16, 3, 7}, {16, 16, 4, 4}, {2, 2}, {1, 1, 1, 1}, {0, 0}, {1, 1}, 1, dynamic);
    add({1, 20, 6, 5}, {20, 1, 9, 9}, {2, 2}, {4, 4, 4, 4}, {1, 1}, {1, 1}, 1, dynamic);
    add({1, 20, 6, 5}, {20, 1, 9, 9}, {3, 3}, {4, 4, 4, 4}, {2, 2}, {1, 1}, 1, dynamic);
    add({1, 6, 4, 4}, {6, 2, 3, 3}, {2, 2}, {1, 1, 1, 1}, {1, 1}, {1, 1}, 3, dynamic);
  }
  add({2, 20, 6, 16}, {20, 1, 9, 9}, {2, 2}, {4, 4, 4, 4}, {1, 1});             // lanes of pixels
  add({1, 16, 5, 6}, {16, 1, 4, 4}, {2, 2}, {1, 1, 1, 1}, {0, 0}, {1, 1}, 16);  // depthwise
  add({1, 5, 6, 5}, {5, 7, 3, 2}, {1, 1}, {0, 0, 0, 0});
  add({1, 5, 6, 5}, {5, 7, 3, 3}, {1, 1}, {1, 1, 1, 1});
  add({1, 5, 6, 5}, {5, 7, 3, 2}, {3, 2}, {0, 1, 2, 0}, {2, 1});
  add({1, 5, 4, 3}, {5, 7, 2, 3}, {4, 5}, {0, 0, 0, 0}, {3, 1});  // phases without taps
  add({1, 5, 4, 3}, {5, 17, 3, 3}, {2, 3}, {2, 1, 0, 3}, {0, 0}, {2, 2});
  add({1, 5, 4, 3}, {5, 17, 3, 3}, {2, 2}, {0, 0, 0, 0}, {1, 0}, {2, 3});
  add({1, 5, 4, 3}, {5, 2, 3, 4}, {2, 2}, {3, 4, 2, 1}, {1, 0});  // cuts off more than a step
  add({1, 3, 1, 1}, {3, 4, 1, 1}, {1, 1}, {0, 0, 0, 0});
  add({0, 3, 4, 4}, {3, 4, 2, 2}, {2, 2}, {0, 0, 0, 0});
  add({1, 64, 80, 80}, {64, 64, 2, 2}, {2, 2}, {0, 0, 0, 0}, {0, 0}, {1, 1}, 1, false, true);
  add({1, 56, 180, 320}, {56, 1, 9, 9}, {2, 2}, {4, 4, 4, 4}, {1, 1}, {1, 1}, 1, false, true);
}

}  // namespace frugal
