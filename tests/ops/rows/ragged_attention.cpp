#include "ops/table.h"

namespace frugal {
namespace {

void attend(OpTable& table, std::int64_t rows, std::int64_t heads, std::int64_t kv_heads, std::int64_t depth,
            std::int64_t values, std::int64_t sequences, double soft_cap = 0, std::int64_t window = 0,
            DType dtype = DType::i32) {
  table.add(
      {.op = "ragged_attention",
       .attrs = {{"heads", heads}, {"kv_heads", kv_heads}, {"scale", 0.3}, {"soft_cap", soft_cap}, {"window", window}},
       .inputs = {in({rows, heads * depth}), in({rows, kv_heads * depth}), in({rows, kv_heads * values}),
                  ids({rows}, sequences, dtype), ids({rows}, 40, dtype)},
       .tolerance = 2e-5});
}

}  // namespace

FRUGAL_ROWS(ragged_attention) {
  attend(table, 1, 1, 1, 1, 1, 1);
  attend(table, 5, 4, 2, 8, 8, 1);
  attend(table, 9, 6, 2, 16, 7, 3);
  attend(table, 12, 3, 1, 5, 20, 2, 4.0);
  attend(table, 17, 4, 4, 8, 8, 2, 0, 6, DType::i64);
  attend(table, 0, 4, 2, 8, 8, 1);
}

}  // namespace frugal
