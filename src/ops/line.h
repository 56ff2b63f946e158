// The engine's binding of ops that treat each line along an axis by itself, on the typed scalar path.
#pragma once

#include <functional>

#include "engine/engine_op.h"

namespace frugal {

// One line: `size` elements `stride` apart, of type `type`.
struct Line {
  DType type;
  std::int64_t size, stride;
  const void* in;
  void* out;
};
// `work` makes the function that treats one line; attribute axis; the output has the input's shape.
EngineOp line_op(std::function<std::function<void(const Line&)>(const Node&)> work);

}  // namespace frugal
