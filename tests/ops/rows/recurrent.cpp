#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(recurrent) {
  struct Size {
    std::int64_t steps, batch, input, hidden;
  };
  auto add = [&](const std::string& op, Size s, const char* direction, bool dynamic, bool bias, bool start,
                 Attrs more = {}, bool speed = false) {
    const std::int64_t d = std::string(direction) == "bidirectional" ? 2 : 1, g = (op == "lstm"  ? 4
                                                                                   : op == "gru" ? 3
                                                                                                 : 1) *
                                                                                  s.hidden;
    auto matrix = [&](Shape shape) { return dynamic ? in(shape, Draw::unit) : weight(shape, Draw::unit); };
    more.insert({{"hidden", s.hidden}, {"direction", direction}});
    std::vector<RowInput> inputs{in({s.steps, s.batch, s.input}), matrix({d, g, s.input}), matrix({d, g, s.hidden}),
                                 bias ? matrix({d, 2 * g}) : absent(), start ? in({d, s.batch, s.hidden}) : absent()};
    if (op == "lstm") inputs.push_back(start ? in({d, s.batch, s.hidden}) : absent());
    table.add({.op = op, .attrs = more, .inputs = inputs, .tolerance = 1e-4, .gradient = s.steps > 0, .speed = speed});
  };
  for (const char* op : {"lstm", "gru", "rnn"}) {
    for (const char* direction : {"forward", "reverse", "bidirectional"}) {
      add(op, {4, 1, 3, 5}, direction, false, true, false);
      add(op, {3, 2, 7, 17}, direction, true, true, true);
      add(op, {3, 5, 4, 8}, direction, false, false, true);
    }
    add(op, {1, 1, 1, 1}, "forward", false, true, true);
    add(op, {0, 2, 3, 4}, "bidirectional", false, true, true);
    add(op, {3, 0, 3, 4}, "forward", false, true, false);
  }
  for (bool dynamic : {false, true}) {
    add("gru", {4, 3, 5, 18}, "bidirectional", dynamic, true, true, {{"linear_before_reset", true}});
    add("gru", {4, 1, 5, 6}, "reverse", dynamic, false, false, {{"linear_before_reset", true}});
    add("rnn", {4, 2, 5, 6}, "forward", dynamic, true, true, {{"activation", "relu"}});
  }
  add("lstm", {40, 1, 512, 256}, "bidirectional", false, true, false, {}, true);
}

}  // namespace frugal
