#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(reduce_mean) {
  const std::pair<Shape, Ints> cases[] = {{{1, 3, 7, 5}, {2, 3}},  {{2, 17, 5, 3}, {-1, -2}},
                                          {{2, 17, 5, 3}, {1}},    {{2, 17, 5, 3}, {0, 2}},
                                          {{2, 17, 5, 3}, {1, 3}}, {{2, 17, 5, 3}, {}},
                                          {{1, 16, 4, 4}, {2, 3}}, {{7}, {0}},
                                          {{1, 1}, {1}},           {{3, 17}, {0}},
                                          {{3, 17}, {1}},          {{2, 3, 19}, {1}},
                                          {{2, 3, 19}, {0, 1, 2}}, {{2, 1, 3, 2, 5}, {0, 2, 4}},
                                          {{0, 5}, {1}},           {{0, 3, 4, 4}, {2, 3}},
                                          {{2, 3, 0, 4}, {2, 3}},  {{3, 1100}, {0}},
                                          {{3, 1100}, {1}},        {{}, {}}};
  for (const char* op : {"reduce_mean", "reduce_sum", "reduce_max", "reduce_min", "reduce_prod", "reduce_l1",
                         "reduce_l2", "reduce_log_sum_exp"})
    for (bool keep : {true, false}) {
      for (const auto& [x, axes] : cases) {
        const bool extreme = std::string(op) == "reduce_max" || std::string(op) == "reduce_min";
        if (extreme && x == Shape{2, 3, 0, 4}) continue;  // LibTorch refuses to find the largest of nothing
        const Draw draw = std::string(op) == "reduce_prod" ? Draw::positive : Draw::normal;
        table.add({.op = op,
                   .attrs = {{"axes", axes}, {"keep_dims", keep}},
                   .inputs = {in(x, draw)},
                   .gradient = element_count(x) < 1000});
      }
      for (DType type : {DType::f64, DType::f16, DType::i8, DType::u8, DType::i32, DType::i64}) {
        const std::string name = op;
        const bool integer = type != DType::f64 && type != DType::f16;
        if (integer && (name == "reduce_l2" || name == "reduce_log_sum_exp")) continue;
        for (const auto& [x, axes] : {std::pair<Shape, Ints>{{2, 3, 4}, {1}}, {{2, 3, 4}, {0, 2}}, {{2, 3}, {}}})
          table.add({.op = op,
                     .attrs = {{"axes", axes}, {"keep_dims", keep}},
                     .inputs = {typed(x, type, 4)},
                     .tolerance = 4e-2,
                     .gradient = false});
      }
    }
  table.add({.op = "reduce_mean", .attrs = {{"axes", Ints{1}}}, .inputs = {in({1, 197, 768})}, .speed = true});
  table.add({.op = "reduce_max", .attrs = {{"axes", Ints{-1}}}, .inputs = {in({1, 197, 768})}, .speed = true});
}

}  // namespace frugal
