#include "ops/table.h"

namespace frugal {
namespace {

struct Case {
  Shape x;
  std::int64_t out, groups;
  Ints kernel, stride{1, 1}, padding{0, 0, 0, 0}, dilation{1, 1};
};

// Steps are 0.5 to 2: whole numbers below 300 use all of 8 bits and exceed them, drawn ones those of a few bits.
OpRow row(const Case& c, std::int64_t bits, Attrs more = {}, bool bias = true, bool scale = false) {
  Attrs attrs{
      {"kernel", c.kernel}, {"stride", c.stride}, {"padding", c.padding}, {"dilation", c.dilation}, {"bits", bits}};
  for (auto& [name, value] : more) attrs[name] = value;
  const std::int64_t number = bits - (more.contains("doubled") ? 1 : 0);
  const Shape weight_shape{c.out, (c.x[1] * c.kernel[0] * c.kernel[1] * number + 7) / 8};
  RowInput x = in(c.x, Draw::wide);
  if (bits > 4) x.draw = Draw::whole, x.limit = 300;
  return {.op = "quantized_adder_conv2d",
          .attrs = attrs,
          .inputs = {x, fixed(ids(weight_shape, 256, DType::u8)), weight({c.groups}, Draw::positive),
                     fixed(ids({c.out}, c.groups, DType::u8)), bias ? weight({c.out}) : absent(),
                     scale ? weight({c.out}) : absent()},
          .tolerance = 2e-5,
          .gradient = false};
}

}  // namespace

FRUGAL_ROWS(quantized_adder_conv2d) {
  const Ints same{1, 1, 1, 1}, none{0, 0, 0, 0}, one{1, 1}, two{2, 2};
  const std::vector<Case> cases = {
      {{1, 1, 1, 1}, 1, 1, {1, 1}},
      {{1, 3, 7, 5}, 5, 2, {3, 3}, one, same},
      {{2, 16, 9, 11}, 17, 4, {3, 3}, two, same},
      {{2, 16, 8, 8}, 32, 4, {1, 1}, two},
      {{1, 9, 13, 14}, 24, 3, {5, 5}, one, {2, 2, 2, 2}},
      {{1, 5, 6, 7}, 4, 4, {2, 4}, {2, 1}, {0, 1, 1, 2}},
      {{1, 20, 9, 9}, 13, 5, {3, 3}, one, {2, 2, 2, 2}, two},
      {{3, 8, 2, 2}, 8, 1, {3, 3}, one, same},  // a window larger than the picture
      {{0, 3, 5, 5}, 4, 2, {3, 3}, one, same},
  };
  for (const Case& c : cases) {
    for (std::int64_t bits : {2, 4, 8}) table.add(row(c, bits));
    table.add(row(c, 8, {{"zero", std::int64_t{117}}, {"limit", 90.0}}));
    table.add(row(c, 8, {{"doubled", true}}, false, true));
    table.add(row(c, 5, {{"restore", true}, {"limit", 200.0}}, true, true));
  }
  const Case c{{2, 19, 6, 9}, 23, 4, {3, 3}, one, same};
  for (std::int64_t bits = 2; bits <= 8; ++bits)
    for (bool doubled : {false, true})
      table.add(row(c, bits, doubled ? Attrs{{"doubled", true}, {"restore", true}} : Attrs{}));
  table.add(row(c, 3, {{"zero", std::int64_t{3}}, {"restore", true}}));
  OpRow large = row({{1, 64, 56, 56}, 64, 4, {3, 3}, one, same}, 8);
  large.speed = true;
  table.add(large);
}

}  // namespace frugal
