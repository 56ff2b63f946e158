#include "engine/engine_op.h"

namespace frugal {

FRUGAL_ENGINE(dropout) { registry.add("dropout", {.compile = nullptr, .view = true}); }

}  // namespace frugal
