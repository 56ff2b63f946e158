#include "ops/recurrent_engine.h"

namespace frugal {

FRUGAL_ENGINE(rnn) { registry.add("rnn", recurrent_op(Cell::rnn)); }

}  // namespace frugal
