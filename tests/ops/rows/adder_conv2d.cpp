#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(adder_conv2d) {
  auto add = [&](const Shape& x, std::int64_t out, Ints kernel, Ints stride, Ints padding, bool bias = false) {
    // eta = 0: finite differences know nothing of the scaling; the rules of the gradient have tests of their own.
    table.add({.op = "adder_conv2d",
               .attrs = {{"stride", stride}, {"padding", padding}, {"eta", 0.0}},
               .inputs = {in(x), weight({out, x[1], kernel[0], kernel[1]}), bias ? weight({out}) : absent()},
               .tolerance = 2e-5,
               .gradient = false});
  };
  const Ints one{1, 1}, two{2, 2}, none{0, 0, 0, 0}, same{1, 1, 1, 1};
  add({1, 1, 1, 1}, 1, one, one, none);
  add({1, 3, 7, 5}, 5, {3, 3}, one, same, true);
  add({2, 16, 9, 11}, 17, {3, 3}, two, same);
  add({2, 17, 8, 9}, 33, one, two, none);
  add({1, 8, 33, 34}, 24, {5, 5}, one, {2, 2, 2, 2});
  add({1, 5, 6, 7}, 4, {2, 4}, {2, 1}, {0, 1, 1, 2});
  add({0, 3, 5, 5}, 4, {3, 3}, one, same);
}

}  // namespace frugal
