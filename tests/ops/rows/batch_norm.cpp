#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(batch_norm) {
  for (const Shape& x : {Shape{2, 1, 1, 1}, Shape{1, 3, 7, 5}, Shape{2, 17, 5, 3}, Shape{1, 16, 4, 4}, Shape{5, 7},
                         Shape{2, 3, 9}, Shape{2, 3, 2, 2, 2}})
    table.add({.op = "batch_norm",
               .inputs = {in(x), weight({x[1]}), weight({x[1]}), buffer({x[1]}), buffer({x[1]}, Draw::positive)},
               .training_differs = true});
  // LibTorch has no statistics of nothing, so that in training a batch of zero pictures is not differentiated.
  table.add({.op = "batch_norm",
             .inputs = {in({0, 3, 4, 4}), weight({3}), weight({3}), buffer({3}), buffer({3}, Draw::positive)},
             .gradient = false});
}

}  // namespace frugal
