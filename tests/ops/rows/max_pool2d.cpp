#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(max_pool2d) {
  for (const Shape& x :
       {Shape{1, 1, 2, 2}, Shape{1, 3, 7, 5}, Shape{2, 17, 5, 4}, Shape{1, 16, 9, 8}, Shape{0, 3, 4, 4}}) {
    table.add({.op = "max_pool2d", .attrs = {{"kernel", Ints{2, 2}}, {"stride", Ints{2, 2}}}, .inputs = {in(x)}});
    table.add({.op = "max_pool2d",
               .attrs = {{"kernel", Ints{3, 3}}, {"stride", Ints{2, 2}}, {"padding", Ints{1, 1, 1, 1}}},
               .inputs = {in(x)}});
    table.add(
        {.op = "max_pool2d",
         .attrs = {{"kernel", Ints{3, 3}}, {"stride", Ints{2, 2}}, {"padding", Ints{0, 1, 1, 0}}, {"ceil_mode", true}},
         .inputs = {in(x)}});
  }
  for (const Shape& x : {Shape{1, 3, 7, 5}, Shape{2, 17, 5, 4}, Shape{0, 3, 4, 4}})
    table.add({.op = "max_pool2d",
               .attrs = {{"kernel", Ints{3, 3}}, {"stride", Ints{2, 2}}, {"padding", Ints{1, 1, 1, 1}}},
               .inputs = {ids(x, 256, DType::u8)},
               .gradient = false});
  table.add({.op = "max_pool2d",
             .attrs = {{"kernel", Ints{1, 3}}, {"stride", Ints{1, 1}}, {"padding", Ints{0, 1, 0, 1}}},
             .inputs = {in({1, 5, 3, 4})}});
  // A last window that would start in the padding.
  table.add(
      {.op = "max_pool2d",
       .attrs = {{"kernel", Ints{2, 2}}, {"stride", Ints{4, 4}}, {"padding", Ints{0, 0, 1, 1}}, {"ceil_mode", true}},
       .inputs = {in({1, 5, 4, 8})}});
  table.add({.op = "max_pool2d",
             .attrs = {{"kernel", Ints{5, 5}}, {"stride", Ints{1, 1}}, {"padding", Ints{2, 2, 2, 2}}},
             .inputs = {in({1, 20, 6, 7})}});
  table.add({.op = "max_pool2d",
             .attrs = {{"kernel", Ints{3, 3}}, {"stride", Ints{2, 2}}, {"padding", Ints{1, 1, 1, 1}}},
             .inputs = {in({1, 64, 112, 112})},
             .speed = true});
  for (bool ceil : {false, true})
    for (const Shape& x : {Shape{2, 17, 9, 8}, Shape{1, 16, 7, 11}, Shape{0, 3, 9, 9}}) {
      table.add(
          {.op = "max_pool2d",
           .attrs = {{"kernel", Ints{3, 2}}, {"stride", Ints{2, 1}}, {"dilation", Ints{2, 3}}, {"ceil_mode", ceil}},
           .inputs = {in(x)}});
      table.add({.op = "max_pool2d",
                 .attrs = {{"kernel", Ints{3, 3}},
                           {"stride", Ints{2, 2}},
                           {"dilation", Ints{2, 1}},
                           {"padding", Ints{1, 2, 3, 2}},
                           {"ceil_mode", ceil}},
                 .inputs = {in(x)}});
    }
}

}  // namespace frugal
