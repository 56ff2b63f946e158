#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(argmax) {
  for (const char* op : {"argmax", "argmin"})
    for (bool keep : {true, false})
      for (const Shape& x : any_shapes())
        for (std::int64_t axis = -1; axis < static_cast<std::int64_t>(x.size()); ++axis) {
          if (x[axis < 0 ? x.size() - 1 : static_cast<std::size_t>(axis)] == 0) continue;
          Attrs attrs{{"axis", axis}, {"keep_dims", keep}};
          table.add({.op = op, .attrs = attrs, .inputs = {in(x)}, .gradient = false});
          attrs["last"] = true;
          table.add({.op = op, .attrs = attrs, .inputs = {typed(x, DType::i32, 3)}, .gradient = false});
        }
}

}  // namespace frugal
