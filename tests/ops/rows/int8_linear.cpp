#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(int8_linear) {
  for (const auto& [x, n] : std::vector<std::pair<Shape, std::int64_t>>{
           {{1, 1}, 1}, {{3, 7}, 5}, {{1, 64}, 10}, {{2, 9, 33}, 40}, {{65, 16}, 17}, {{1, 1000}, 37}, {{0, 4}, 3}})
    for (double y_scale : {0.0, 3000.0}) {
      Shape y = x;
      y.back() = n;
      for (std::int64_t limit : {64, 128}) {
        const bool residual = limit == 128;
        OpRow row{.op = "int8_linear",
                  .attrs = {{"x_zero", 12}, {"y_scale", y_scale}, {"y_zero", 90}, {"residual_scale", 50.0}},
                  .inputs = {ids(x, 256, DType::u8), fixed(signed_ids({n, x.back()}, limit, DType::i8)),
                             weight({n}, Draw::positive)},
                  .torch_steps = 1,
                  .gradient = false};
        if (residual) {
          row.inputs.push_back(weight({n}));
          row.inputs.push_back(ids(y, 256, DType::u8));
        }
        table.add(row);
        if (x[0] == 0) continue;
        row.attrs.erase("x_zero");
        if (!residual) row.inputs.push_back(absent());
        if (!residual) row.inputs.push_back(absent());
        row.inputs.push_back(ids({}, 256, DType::u8));
        row.inputs.push_back(in({}, Draw::positive));
        table.add(row);
        // A scale for each row, with the zero point in the attribute.
        row.attrs["x_zero"] = 12;
        row.inputs[5] = absent();
        row.inputs[6] = in(x, Draw::positive);
        row.inputs[6].shape.back() = 1;
        table.add(row);
        row.inputs.push_back(fixed(signed_ids({n}, 128, DType::i32)));
        table.add(row);
      }
    }
}

}  // namespace frugal
