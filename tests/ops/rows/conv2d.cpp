#include "ops/table.h"

namespace frugal {
namespace {

void conv(OpTable& table, const Shape& x, std::int64_t out, Ints kernel, Ints stride, Ints padding,
          Ints dilation = {1, 1}, std::int64_t groups = 1, bool bias = true) {
  table.add({.op = "conv2d",
             .attrs = {{"stride", stride}, {"padding", padding}, {"dilation", dilation}, {"groups", groups}},
             .inputs = {in(x), weight({out, x[1] / groups, kernel[0], kernel[1]}), bias ? weight({out}) : absent()},
             .tolerance = 2e-5});
}

}  // namespace

FRUGAL_ROWS(conv2d) {
  const Ints one{1, 1}, two{2, 2}, none{0, 0, 0, 0}, same{1, 1, 1, 1};
  conv(table, {1, 1, 1, 1}, 1, one, one, none);
  conv(table, {1, 3, 7, 5}, 5, {3, 3}, one, same);
  conv(table, {2, 3, 9, 11}, 17, {3, 3}, two, same);
  conv(table, {1, 16, 8, 8}, 16, {3, 3}, one, same);
  conv(table, {2, 17, 6, 7}, 33, {3, 3}, one, same, one, 1, false);
  conv(table, {1, 32, 13, 13}, 48, {3, 3}, one, same);         // large enough for Winograd
  conv(table, {1, 3, 18, 17}, 16, {7, 7}, two, {3, 3, 3, 3});  // a network's first layer
  conv(table, {1, 3, 34, 300}, 33, {16, 16}, {16, 16}, none);  // patches of a transformer
  conv(table, {1, 2, 9, 70}, 5, {3, 5}, {3, 3}, {1, 2, 1, 2});
  conv(table, {2, 17, 5, 4}, 9, one, one, none);
  conv(table, {1, 16, 7, 7}, 32, one, two, none);  // projection shortcut
  conv(table, {1, 4, 6, 6}, 4, {1, 5}, {1, 2}, {0, 2, 0, 2});
  conv(table, {1, 4, 7, 6}, 3, {2, 4}, {2, 1}, {0, 1, 1, 2});  // even window, unequal padding
  conv(table, {1, 8, 9, 9}, 8, {3, 3}, one, {2, 2, 2, 2}, two);
  conv(table, {1, 8, 11, 8}, 8, {3, 3}, two, {3, 3, 3, 3}, {3, 3}, 8);
  conv(table, {1, 12, 5, 6}, 18, {3, 3}, one, same, one, 3);  // groups narrower than a block
  conv(table, {1, 32, 5, 5}, 64, {3, 3}, one, same, one, 2);  // groups of whole blocks
  for (std::int64_t channels : {1, 3, 16, 17, 40})
    conv(table, {2, channels, 6, 5}, channels, {3, 3}, one, same, one, channels);
  conv(table, {1, 24, 9, 10}, 24, {5, 5}, two, {2, 2, 2, 2}, one, 24, false);
  conv(table, {1, 6, 4, 4}, 12, {3, 3}, one, same, one, 6);  // depthwise with a multiplier
  conv(table, {1, 5, 3, 3}, 4, {3, 3}, one, none);           // one output pixel
  conv(table, {1, 5, 1, 1}, 4, {3, 3}, one, same);           // the window is mostly padding
  conv(table, {0, 3, 5, 5}, 4, {3, 3}, one, same);
  for (Shape x : {Shape{1, 64, 56, 56}, Shape{1, 256, 14, 14}})
    for (std::int64_t k : {1, 3})
      table.add({.op = "conv2d",
                 .attrs = {{"padding", Ints{k / 2, k / 2, k / 2, k / 2}}},
                 .inputs = {in(x), weight({x[1], x[1], k, k}), weight({x[1]})},
                 .speed = true});
  table.add({.op = "conv2d",  // a weight that is computed
             .attrs = {{"padding", Ints{1, 1, 1, 1}}},
             .inputs = {in({1, 8, 5, 6}), in({16, 8, 3, 3}), absent()},
             .tolerance = 1e-4});
}

}  // namespace frugal
