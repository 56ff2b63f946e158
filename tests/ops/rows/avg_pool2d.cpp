#include "ops/table.h"

namespace frugal {

static Attrs window(Ints kernel, Ints stride, Ints padding, bool ceil_mode, bool include) {
  return {{"kernel", std::move(kernel)},
          {"stride", std::move(stride)},
          {"padding", std::move(padding)},
          {"ceil_mode", ceil_mode},
          {"count_include_pad", include}};
}

FRUGAL_ROWS(avg_pool2d) {
  for (const Shape& shape : picture_shapes())
    table.add({.op = "avg_pool2d", .attrs = window({3, 3}, {2, 2}, {1, 1, 1, 1}, false, true), .inputs = {in(shape)}});
  for (bool ceil_mode : {false, true})
    for (bool include : {false, true}) {
      table.add({.op = "avg_pool2d",
                 .attrs = window({3, 2}, {2, 3}, {1, 0, 1, 0}, ceil_mode, include),
                 .inputs = {in({2, 17, 8, 9})}});
      table.add({.op = "avg_pool2d",
                 .attrs = window({2, 2}, {2, 2}, {0, 0, 0, 0}, ceil_mode, include),
                 .inputs = {in({1, 16, 5, 7})}});
      table.add({.op = "avg_pool2d",
                 .attrs = window({4, 3}, {3, 2}, {2, 0, 1, 1}, ceil_mode, include),
                 .inputs = {in({1, 33, 6, 8})}});
      table.add({.op = "avg_pool2d",
                 .attrs = window({2, 2}, {2, 2}, {0, 0, 1, 1}, ceil_mode, include),
                 .inputs = {in({1, 3, 5, 5})}});
      // A last window that would start in the padding.
      table.add({.op = "avg_pool2d",
                 .attrs = window({2, 2}, {4, 4}, {0, 0, 1, 1}, ceil_mode, include),
                 .inputs = {in({1, 3, 4, 8})}});
    }
  for (bool include : {false, true})
    for (bool ceil : {false, true})
      for (const Shape& x : {Shape{2, 17, 9, 8}, Shape{1, 16, 7, 11}, Shape{0, 3, 9, 9}}) {
        table.add({.op = "avg_pool2d",
                   .attrs = {{"kernel", Ints{3, 2}},
                             {"stride", Ints{2, 1}},
                             {"dilation", Ints{2, 3}},
                             {"ceil_mode", ceil},
                             {"count_include_pad", include}},
                   .inputs = {in(x)}});
        table.add({.op = "avg_pool2d",
                   .attrs = {{"kernel", Ints{3, 3}},
                             {"stride", Ints{2, 2}},
                             {"dilation", Ints{2, 1}},
                             {"padding", Ints{1, 2, 3, 2}},
                             {"ceil_mode", ceil},
                             {"count_include_pad", include}},
                   .inputs = {in(x)}});
      }
}

}  // namespace frugal
