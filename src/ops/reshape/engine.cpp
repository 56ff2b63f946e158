#include "engine/engine_op.h"

namespace frugal {

FRUGAL_ENGINE(reshape) { registry.add("reshape", {.compile = nullptr, .view = true}); }

}  // namespace frugal
