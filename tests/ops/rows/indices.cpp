// Ops that pick or place elements by run-time indices, and what else looks at places.
#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(indices) {
  // x, indices, axis: no dim of the indices but that of the axis is longer than x's.
  for (const auto& [x, at, axis] : {std::tuple<Shape, Shape, std::int64_t>{{5, 3}, {2, 3}, 0},
                                    {{5, 3}, {4, 7}, 1},
                                    {{7}, {3}, -1},
                                    {{2, 3, 4}, {2, 5, 3}, 1},
                                    {{2, 3}, {0, 3}, 0}}) {
    RowInput indices = ids(at, x[axis < 0 ? x.size() - 1 : static_cast<std::size_t>(axis)]);
    table.add({.op = "gather_elements", .attrs = {{"axis", axis}}, .inputs = {in(x), indices}});
    indices.dtype = DType::i32, indices.draw = Draw::whole;
    table.add({.op = "gather_elements", .attrs = {{"axis", axis}}, .inputs = {in(x), indices}});
    table.add({.op = "gather_elements", .attrs = {{"axis", axis}}, .inputs = {typed(x, DType::u8, 99), indices}});
    if (axis == 1 && at[1] == 7) continue;
    for (const char* reduction : {"add", "max", "min", "mul"}) {
      const Attrs attrs{{"axis", axis}, {"reduction", reduction}};
      table.add({.op = "scatter_elements", .attrs = attrs, .inputs = {in(x), indices, in(at)}, .gradient = false});
      table.add({.op = "scatter_elements",
                 .attrs = attrs,
                 .inputs = {typed(x, DType::i32, 9), indices, typed(at, DType::i32, 9)},
                 .gradient = false});
    }
  }
  for (DType type : {DType::f32, DType::i64})  // one index a line, so that the order does not matter
    table.add({.op = "scatter_elements",
               .attrs = {{"axis", 1}},
               .inputs = {typed({4, 5}, type, 9), ids({4, 1}, 5), typed({4, 1}, type, 9)},
               .gradient = type == DType::f32});
  for (const auto& [x, at, batch] : {std::tuple<Shape, Shape, std::int64_t>{{3, 3}, {2, 2}, 0},
                                     {{3, 3}, {2, 1}, 0},
                                     {{3, 3, 3}, {2, 4, 2}, 0},
                                     {{2, 3, 3}, {2, 1}, 1},
                                     {{2, 3, 3, 3}, {2, 5, 2}, 1},
                                     {{3, 3}, {0, 1}, 0}}) {
    RowInput indices = ids(at, 3);
    table.add({.op = "gather_nd", .attrs = {{"batch_dims", batch}}, .inputs = {in(x), indices}});
    indices.draw = Draw::whole;
    table.add({.op = "gather_nd", .attrs = {{"batch_dims", batch}}, .inputs = {typed(x, DType::i32, 9), indices}});
    if (batch) continue;
    Shape updates(at.begin(), at.end() - 1);
    updates.insert(updates.end(), x.begin() + at.back(), x.end());
    for (const char* reduction : {"add", "max", "min", "mul"})
      table.add({.op = "scatter_nd",
                 .attrs = {{"reduction", reduction}},
                 .inputs = {in(x), indices, in(updates)},
                 .gradient = false});
  }
  table.add({.op = "scatter_nd", .inputs = {in({7, 2}), ids({1, 1}, 7), in({1, 2})}});
  for (const Shape& x : {Shape{}, Shape{3}, Shape{2, 3}, Shape{0}})
    for (std::int64_t axis : {-1, 0}) {
      table.add({.op = "one_hot", .attrs = {{"depth", 5}, {"axis", axis}}, .inputs = {ids(x, 7)}, .gradient = false});
      RowInput both = ids(x, 7, DType::i32);
      both.draw = Draw::whole;
      table.add({.op = "one_hot",
                 .attrs = {{"depth", 5}, {"axis", axis}, {"on", 3.0}, {"off", -1.0}},
                 .inputs = {both},
                 .gradient = false});
    }
  for (const Shape& x : {Shape{4, 5}, Shape{2, 5, 3}, Shape{1, 1}, Shape{0, 3}})
    for (bool upper : {false, true})
      for (std::int64_t k : {-2, 0, 1, 9}) {
        table.add({.op = "trilu", .attrs = {{"upper", upper}, {"k", k}}, .inputs = {in(x)}});
        table.add({.op = "trilu", .attrs = {{"upper", upper}, {"k", k}}, .inputs = {typed(x, DType::i64, 9)}});
      }
  for (const auto& [x, axis] :
       {std::pair<Shape, std::int64_t>{{3, 7}, -1}, {{7, 3}, 0}, {{2, 9, 3, 2}, 1}, {{5}, 0}, {{0, 5}, 1}})
    for (std::int64_t k : {0, 1, 3, 5})
      for (bool largest : {false, true}) {
        const Attrs attrs{{"axis", axis}, {"k", k}, {"largest", largest}};
        table.add({.op = "top_k", .attrs = attrs, .inputs = {in(x)}});
        table.add({.op = "top_k", .attrs = attrs, .inputs = {typed(x, DType::i32, 3)}, .gradient = false});
      }
  table.add({.op = "top_k", .attrs = {{"k", 300}}, .inputs = {in({1, 8400 * 80})}, .speed = true});
}

}  // namespace frugal
