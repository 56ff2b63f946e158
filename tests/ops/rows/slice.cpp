#include <cstdint>

#include "ops/table.h"

namespace frugal {

static Attrs cut(Ints starts, Ints ends, Ints axes, Ints steps = {}) {
  return {
      {"starts", std::move(starts)}, {"ends", std::move(ends)}, {"axes", std::move(axes)}, {"steps", std::move(steps)}};
}

FRUGAL_ROWS(slice) {
  constexpr std::int64_t kEnd = INT64_MAX;
  for (const Shape& shape : picture_shapes()) {
    table.add({.op = "slice",
               .attrs = cut({0, 0}, {kEnd, kEnd}, {2, 3}, {2, 2}),
               .inputs = {in(shape)}});  // ResNet's option A
    table.add({.op = "slice", .attrs = cut({-1}, {kEnd}, {1}), .inputs = {in(shape)}});
  }
  const Shape wide = {2, 48, 5, 7};
  table.add({.op = "slice", .attrs = cut({16}, {48}, {1}), .inputs = {in(wide)}});  // whole blocks
  table.add({.op = "slice", .attrs = cut({16, 1}, {-16, -1}, {1, 3}), .inputs = {in(wide)}});
  table.add({.op = "slice", .attrs = cut({8}, {24}, {1}), .inputs = {in(wide)}});
  table.add({.op = "slice", .attrs = cut({3}, {24}, {1}), .inputs = {in(wide)}});
  table.add({.op = "slice", .attrs = cut({0}, {48}, {1}, {2}), .inputs = {in(wide)}});
  table.add({.op = "slice", .attrs = cut({1, 0, -3, 2}, {kEnd, 47, 100, -2}, {}, {1, 3, 2, 1}), .inputs = {in(wide)}});
  table.add({.op = "slice", .attrs = cut({-100}, {100}, {-1}, {3}), .inputs = {in(wide)}});
  table.add({.op = "slice", .attrs = cut({4}, {2}, {1}), .inputs = {in({2, 5, 7})}});  // nothing
  table.add({.op = "slice", .attrs = cut({}, {}, {}), .inputs = {in({3, 2})}});
  table.add({.op = "slice", .attrs = cut({1}, {6}, {0}, {2}), .inputs = {in({7})}});
  table.add({.op = "slice", .attrs = cut({1}, {3}, {1}), .inputs = {ids({2, 5}, 99)}});
  table.add({.op = "slice", .attrs = cut({1}, {4}, {1}, {2}), .inputs = {ids({2, 5}, 99, DType::u8)}});
}

}  // namespace frugal
