#include "ops/recurrent_engine.h"

namespace frugal {

FRUGAL_ENGINE(lstm) { registry.add("lstm", recurrent_op(Cell::lstm)); }

}  // namespace frugal
