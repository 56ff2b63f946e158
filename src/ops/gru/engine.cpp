#include "ops/recurrent_engine.h"

namespace frugal {

FRUGAL_ENGINE(gru) { registry.add("gru", recurrent_op(Cell::gru)); }

}  // namespace frugal
