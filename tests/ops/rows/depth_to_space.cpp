#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(depth_to_space) {
  for (const auto& [x, block] : {std::pair<Shape, int>{{2, 8, 3, 4}, 2},
                                 {{1, 18, 2, 1}, 3},
                                 {{0, 4, 2, 2}, 2},
                                 {{1, 4, 1, 1}, 2},
                                 {{1, 48, 4, 3}, 4},
                                 {{2, 17, 3, 3}, 1}}) {
    for (const char* mode : {"DCR", "CRD"}) {
      table.add({.op = "depth_to_space", .attrs = {{"block", block}, {"mode", mode}}, .inputs = {in(x)}});
      table.add(
          {.op = "depth_to_space", .attrs = {{"block", block}, {"mode", mode}}, .inputs = {typed(x, DType::u8, 99)}});
    }
    const Shape wide{x[0], x[1], x[2] * block, x[3] * block};
    table.add({.op = "space_to_depth", .attrs = {{"block", block}}, .inputs = {in(wide)}});
    table.add({.op = "space_to_depth", .attrs = {{"block", block}}, .inputs = {typed(wide, DType::i64, 99)}});
  }
  table.add({.op = "depth_to_space",
             .attrs = {{"block", 2}, {"mode", "CRD"}},
             .inputs = {in({1, 12, 270, 480})},
             .speed = true});
}

}  // namespace frugal
