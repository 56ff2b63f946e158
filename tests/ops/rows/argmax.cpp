#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(argmax) {
  for (bool keep : {true, false})
    for (const Shape& x : any_shapes())
      for (std::int64_t axis = -1; axis < static_cast<std::int64_t>(x.size()); ++axis)
        if (x[axis < 0 ? x.size() - 1 : static_cast<std::size_t>(axis)] > 0)
          table.add(
              {.op = "argmax", .attrs = {{"axis", axis}, {"keep_dims", keep}}, .inputs = {in(x)}, .gradient = false});
}

}  // namespace frugal
