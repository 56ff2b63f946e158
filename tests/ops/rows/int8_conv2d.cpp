#include <cmath>

#include "ops/table.h"

namespace frugal {
namespace {

struct Case {
  Shape x, w;
  Ints stride{1, 1}, padding{0, 0, 0, 0}, dilation{1, 1};
  std::int64_t groups = 1;
};

// `limit`: of the weights; 64 is what the kernel for small neighbours takes (DotChunk, kernels/int8_types.h).
OpRow row(const Case& c, double y_scale, Attrs more = {}, std::vector<RowInput> rest = {}, std::int64_t limit = 128) {
  Attrs attrs{{"stride", c.stride}, {"padding", c.padding}, {"dilation", c.dilation},
              {"groups", c.groups}, {"x_zero", 131},        {"y_scale", y_scale}};
  for (auto& [name, value] : more) attrs[name] = value;
  std::vector<RowInput> inputs{ids(c.x, 256, DType::u8), fixed(signed_ids(c.w, limit, DType::i8)),
                               weight({c.w[0]}, Draw::positive), weight({c.w[0]}, Draw::wide)};
  inputs.insert(inputs.end(), rest.begin(), rest.end());
  return {.op = "int8_conv2d", .attrs = attrs, .inputs = inputs, .torch_steps = 1, .gradient = false};
}

}  // namespace

FRUGAL_ROWS(int8_conv2d) {
  const std::vector<Case> cases = {
      {{1, 3, 11, 13}, {16, 3, 3, 3}, {2, 2}, {1, 1, 1, 1}},
      {{2, 3, 15, 15}, {33, 3, 7, 7}, {2, 2}, {3, 3, 3, 3}},
      {{1, 16, 7, 9}, {32, 16, 3, 3}, {1, 1}, {1, 1, 1, 1}},
      {{2, 33, 5, 17}, {17, 33, 3, 3}, {1, 1}, {1, 1, 1, 1}},
      {{1, 64, 9, 7}, {48, 64, 1, 1}},
      {{3, 70, 9, 7}, {40, 70, 1, 1}, {2, 2}},
      {{1, 19, 10, 10}, {20, 19, 1, 1}, {3, 2}},
      {{1, 20, 12, 11}, {9, 20, 5, 3}, {2, 1}, {2, 0, 1, 1}, {1, 2}},
      {{1, 32, 12, 11}, {32, 32, 3, 3}, {1, 1}, {2, 2, 2, 2}, {2, 2}},
      {{1, 8, 3, 40}, {8, 8, 2, 2}, {1, 3}, {0, 1, 1, 0}},
      {{1, 32, 6, 6}, {64, 16, 3, 3}, {1, 1}, {1, 1, 1, 1}, {1, 1}, 2},
      {{1, 32, 9, 9}, {32, 1, 3, 3}, {1, 1}, {1, 1, 1, 1}, {1, 1}, 32},
      {{2, 21, 8, 30}, {21, 1, 5, 5}, {2, 2}, {2, 2, 2, 2}, {1, 1}, 21},
      {{1, 5, 1, 1}, {3, 5, 1, 1}},
      {{0, 4, 4, 4}, {4, 4, 3, 3}},
      {{1, 100, 40, 70}, {2, 100, 3, 3}, {1, 1}, {1, 1, 1, 1}},  // more rows than are staged at once
  };
  for (const Case& c : cases) {
    const double scale = 60 * std::sqrt(static_cast<double>(c.w[1] * c.w[2] * c.w[3]));
    for (double y_scale : {0.0, scale}) table.add(row(c, y_scale, {{"y_zero", y_scale > 0 ? 100 : 0}}));
    table.add(row(c, scale, {{"activation", std::string("relu")}}));
    table.add(row(c, scale / 2, {{"activation", std::string("relu")}, {"y_zero", 20}}, {}, 64));
    // Zero point and scale of x known at run time only; weights with zero points.
    std::vector<RowInput> more{absent(), ids({}, 256, DType::u8), in({}, Draw::positive)};
    table.add(row(c, 0, {}, more));
    if (c.groups > 1) continue;
    more.push_back(fixed(signed_ids({c.w[0]}, 128, DType::i32)));
    table.add(row(c, scale, {{"y_zero", 100}}, more));
    more[1] = more[2] = absent();
    table.add(row(c, 0, {}, more, 64));
  }
  const Case c{{1, 24, 6, 19}, {40, 24, 3, 3}, {1, 1}, {1, 1, 1, 1}};
  const Shape y{1, 40, 6, 19};
  const double scale = 900;
  for (const char* name : {"none", "relu", "leaky_relu", "silu", "hard_swish"})
    for (bool last : {false, true})
      for (bool bytes : {false, true}) {
        Attrs attrs{{"activation", std::string(name)}, {"alpha", 0.1}, {"residual_last", last}};
        if (bytes) attrs["residual_scale"] = 700.0, attrs["residual_zero"] = 7;
        const RowInput residual = bytes ? ids(y, 256, DType::u8) : in(y, Draw::wide);
        OpRow made = row(c, bytes ? scale : 0, attrs, {residual});
        table.add(made);
      }
  table.add(row(c, scale, {{"activation", std::string("clip")}, {"alpha", -5000.0}, {"beta", 30000.0}}));
  table.add({.op = "int8_conv2d",
             .attrs = {{"y_scale", 500.0}, {"padding", Ints{1, 1, 1, 1}}},
             .inputs = {ids({1, 64, 56, 56}, 256, DType::u8), fixed(signed_ids({64, 64, 3, 3}, 128, DType::i8)),
                        weight({64}, Draw::positive), weight({64})},
             .speed = true});
}

}  // namespace frugal
