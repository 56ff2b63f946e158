// LSTM, GRU and RNN.
#include "formats/onnx/importer.h"

namespace frugal::onnx_import {
namespace {

void check_activations(ImportNode& n, const std::vector<std::string>& usual) {
  const auto* given = n.find("activations");
  for (int i = 0; given && i < given->strings_size(); ++i)
    n.require(given->strings(i) == usual[static_cast<std::size_t>(i) % usual.size()],
              "the activation {} is not supported", given->strings(i));
  n.require(!n.has_attr("clip"), "clipped states are not supported");
}

// Lengths that are all the whole length change nothing.
void check_lengths(ImportNode& n, const Dim& steps) {
  if (!n.has(4)) return;
  std::optional<Known> lengths = n.known(4);
  n.require(lengths.has_value(), "sequence lengths that are computed from data are not supported");
  for (const Element& e : lengths->elements)
    n.require(e.whole == steps, "sequence lengths that differ are not supported");
}

void recurrent(ImportNode& n, const char* op, Attrs attrs) {
  const bool batch_first = n.integer("layout", 0) != 0, cell = std::string_view(op) == "lstm";
  n.require(n.rank(0) == 3, "its input must have three dims");
  check_lengths(n, n.shape(0)[batch_first ? 1 : 0]);
  n.require(!n.has(7), "peepholes are not supported");
  attrs["hidden"] = n.integer("hidden_size", n.shape(2).back().fixed() ? n.shape(2).back().value() : 0);
  attrs["direction"] = n.text("direction", "forward");
  auto turned = [&](ValueId x, Ints perm) {
    return x == kNone || !batch_first ? x : n.op("transpose", {x}, {{"perm", perm}});
  };
  std::vector<ValueId> inputs{turned(n.in(0), {1, 0, 2}), n.in(1), n.in(2), n.optional_in(3),
                              turned(n.optional_in(5), {1, 0, 2})};
  if (cell) inputs.push_back(turned(n.optional_in(6), {1, 0, 2}));
  std::vector<ValueId> made = n.ops(op, inputs, attrs);
  n.out(0, turned(made[0], {2, 0, 1, 3}));
  for (std::size_t i = 1; i < made.size(); ++i) n.out(i, turned(made[i], {1, 0, 2}));
}

}  // namespace

void add_recurrent(ConverterTable& t) {
  t["LSTM"] = [](ImportNode& n) {
    check_activations(n, {"Sigmoid", "Tanh", "Tanh"});
    n.require(n.integer("input_forget", 0) == 0, "input_forget is not supported");
    recurrent(n, "lstm", {});
  };
  t["GRU"] = [](ImportNode& n) {
    check_activations(n, {"Sigmoid", "Tanh"});
    recurrent(n, "gru", {{"linear_before_reset", n.integer("linear_before_reset", 0) != 0}});
  };
  t["RNN"] = [](ImportNode& n) {
    const auto* given = n.find("activations");
    const bool relu = given && given->strings_size() > 0 && given->strings(0) == "Relu";
    check_activations(n, {relu ? "Relu" : "Tanh"});
    recurrent(n, "rnn", {{"activation", relu ? "relu" : "tanh"}});
  };
}

}  // namespace frugal::onnx_import
