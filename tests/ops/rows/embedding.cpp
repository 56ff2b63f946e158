#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(embedding) {
  for (DType dtype : {DType::i64, DType::i32})
    for (const Shape& shape : {Shape{1}, Shape{5}, Shape{2, 3}, Shape{0}, Shape{}, Shape{2, 2, 2}})
      for (std::int64_t width : {1, 17, 64})
        table.add({.op = "embedding", .inputs = {ids(shape, 11, dtype), weight({11, width})}});
  for (DType type : small_weight_types())
    table.add({.op = "embedding", .inputs = {ids({2, 3}, 19), weight_of(type, {19, 256})}});
}

}  // namespace frugal
