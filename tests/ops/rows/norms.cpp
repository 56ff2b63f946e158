// Normalisations, softmax and its relatives, sums along an axis.
#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(norms) {
  for (const Shape& x : any_shapes()) {
    if (x.size() < 2 || x[1] == 0) continue;
    table.add({.op = "instance_norm", .inputs = {in(x), weight({x[1]}), weight({x[1]})}, .tolerance = 1e-4});
    for (std::int64_t groups : {std::int64_t{1}, x[1]})
      table.add({.op = "group_norm",
                 .attrs = {{"groups", groups}, {"eps", 1e-3}},
                 .inputs = {in(x), weight({x[1]}), weight({x[1]})},
                 .tolerance = 1e-4});
    table.add({.op = "lrn", .attrs = {{"size", 3}, {"alpha", 0.1}, {"bias", 2.0}}, .inputs = {in(x)}});
  }
  table.add({.op = "group_norm",
             .attrs = {{"groups", 4}},
             .inputs = {in({2, 20, 3, 5}), in({20}), in({20})},
             .tolerance = 1e-4});
  table.add({.op = "lrn", .attrs = {{"size", 4}, {"alpha", 0.5}, {"beta", 0.5}}, .inputs = {in({2, 7, 3, 2})}});
  for (const Shape& x : any_shapes()) {
    const auto rank = static_cast<std::int64_t>(x.size());
    for (std::int64_t axis = -1; axis < rank; ++axis) {
      const std::size_t at = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
      table.add({.op = "log_softmax", .attrs = {{"axis", axis}}, .inputs = {in(x, Draw::wide)}});
      if (x[at] > 0) table.add({.op = "hardmax", .attrs = {{"axis", axis}}, .inputs = {in(x)}, .gradient = false});
      for (int p : {1, 2}) table.add({.op = "lp_normalize", .attrs = {{"axis", axis}, {"p", p}}, .inputs = {in(x)}});
      for (bool exclusive : {false, true})
        table.add({.op = "cum_sum",
                   .attrs = {{"axis", axis}, {"exclusive", exclusive}, {"reverse", axis % 2 == 0}},
                   .inputs = {in(x)}});
      table.add({.op = "cum_sum", .attrs = {{"axis", axis}}, .inputs = {typed(x, DType::i64, 9)}, .gradient = false});
      table.add({.op = "rms_norm",
                 .attrs = {{"axis", axis}},
                 .inputs = {in(x), weight(Shape(x.begin() + static_cast<std::ptrdiff_t>(at), x.end()))},
                 .tolerance = 1e-4});
    }
  }
  table.add({.op = "log_softmax", .attrs = {{"axis", -1}}, .inputs = {in({3, 700}, Draw::wide)}});
  table.add({.op = "log_softmax", .attrs = {{"axis", 0}}, .inputs = {in({3, 700}, Draw::wide)}});
  table.add({.op = "instance_norm",
             .inputs = {in({1, 64, 80, 80}), weight({64}), weight({64})},
             .tolerance = 1e-4,
             .speed = true});
}

}  // namespace frugal
