// What lstm, gru and rnn share. Weights and gates lie as in ONNX: W [D, G H, I], R [D, G H, H], B [D, 2 G H] (that of
// W, then that of R); D is 2 for both directions, else 1. lstm: gates i, o, f, c; gru: z, r, h.
#pragma once

#include "graph/op.h"

namespace frugal {

enum class Cell { rnn, gru, lstm };

inline std::int64_t gates_of(Cell cell) { return cell == Cell::lstm ? 4 : cell == Cell::gru ? 3 : 1; }

OpDef recurrent_definition(std::string name, std::string doc, Cell cell);

}  // namespace frugal
