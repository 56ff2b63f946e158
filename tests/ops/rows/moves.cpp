// Ops that only move elements, and casts.
#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(moves) {
  for (const auto& [x, shape] : {std::pair<Shape, Ints>{{2, 1, 3}, {2, 4, 3}},
                                 {{3, 1}, {2, 3, 4}},
                                 {{2, 3}, {1, 1}},
                                 {{}, {2, 2}},
                                 {{1}, {0}},
                                 {{5}, {}},
                                 {{2, 17, 1, 3}, {2, 17, 4, 1}}}) {
    table.add({.op = "expand", .attrs = {{"shape", shape}}, .inputs = {in(x)}});
    table.add({.op = "expand", .attrs = {{"shape", shape}}, .inputs = {typed(x, DType::i64, 9)}});
    table.add({.op = "expand", .attrs = {{"shape", shape}}, .inputs = {typed(x, DType::boolean, 2)}});
  }
  for (const auto& [x, repeats] : {std::pair<Shape, Ints>{{2, 3}, {2, 1}},
                                   {{2, 3}, {1, 3}},
                                   {{2, 3}, {0, 2}},
                                   {{}, {}},
                                   {{0, 2}, {3, 2}},
                                   {{2, 3, 2, 2}, {1, 2, 3, 2}}}) {
    table.add({.op = "tile", .attrs = {{"repeats", repeats}}, .inputs = {in(x)}});
    table.add({.op = "tile", .attrs = {{"repeats", repeats}}, .inputs = {typed(x, DType::u8, 9)}});
  }
  for (const auto& [x, axes] : {std::pair<Shape, Ints>{{2, 3}, {0}},
                                {{2, 3}, {-1}},
                                {{2, 3, 4}, {}},
                                {{}, {}},
                                {{2, 0}, {1}},
                                {{2, 3, 4, 5}, {1, 3}}}) {
    table.add({.op = "flip", .attrs = {{"axes", axes}}, .inputs = {in(x)}});
    table.add({.op = "flip", .attrs = {{"axes", axes}}, .inputs = {typed(x, DType::i16, 9)}});
  }
  for (DType from : {DType::f32, DType::f64, DType::f16, DType::bf16, DType::i8, DType::u8, DType::i16, DType::i32,
                     DType::i64, DType::boolean})
    for (const DTypeInfo& to : all_dtypes()) {
      if (to.blocks()) continue;
      RowInput x = from == DType::boolean ? typed({3, 5}, from, 2) : typed({3, 5}, from, 120);
      table.add({.op = "cast", .attrs = {{"to", std::string(to.name)}}, .inputs = {x}, .gradient = false});
    }
  for (const char* to : {"int8", "uint8", "int32", "bool", "float16"})
    table.add({.op = "cast", .attrs = {{"to", to}}, .inputs = {in({2, 17, 3, 3}, Draw::wide)}, .gradient = false});
  for (DType type : {DType::f32, DType::f64, DType::f16, DType::i64, DType::u8, DType::boolean})
    for (const auto& [c, a, b] : {std::tuple<Shape, Shape, Shape>{{2, 3}, {2, 3}, {2, 3}},
                                  {{2, 1, 4}, {3, 1}, {4}},
                                  {{}, {5}, {5}},
                                  {{5}, {}, {5}},
                                  {{5}, {5}, {}},
                                  {{3, 1}, {}, {1, 4}},
                                  {{0, 2}, {2}, {}},
                                  {{}, {}, {}},
                                  {{1, 1, 9, 9}, {2, 3, 9, 9}, {1}}})
      table.add({.op = "where",
                 .inputs = {typed(c, DType::boolean, 2), typed(a, type, 2), typed(b, type, 2)},
                 .gradient = type == DType::f32});
}

}  // namespace frugal
