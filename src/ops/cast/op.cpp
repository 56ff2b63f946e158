#include "graph/op.h"

namespace frugal {

FRUGAL_OP(cast) {
  std::vector<std::string> names;
  for (const DTypeInfo& info : all_dtypes())
    if (!info.blocks()) names.emplace_back(info.name);
  return {.name = "cast",
          .doc =
              "The same numbers as another type. Float to integer truncates, saturates, and takes NaN as 0; integers "
              "wrap; all but 0 is true.",
          .inputs = {{.name = "x", .type = InputType::any}},
          .attrs = {{"to", AttrType::text, std::nullopt, "the element type", {}, {}, std::move(names)}},
          .infer = [](const OpContext& c) -> std::vector<ValueType> {
            return {{dtype_from_name(c.text("to")), c.shape(0)}};
          }};
}

}  // namespace frugal
