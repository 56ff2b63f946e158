#include "ops/recurrent.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c, Cell cell) {
  c.require_rank(0, 3);
  c.require_rank(1, 3);
  const SymShape& x = c.shape(0);
  const Dim d = c.text("direction") == "bidirectional" ? 2 : 1, h = c.integer("hidden"), g = h * Dim(gates_of(cell));
  auto check = [&](std::size_t i, const SymShape& wanted) {
    if (c.has(i))
      c.require(c.shape(i) == wanted, "'{}' has shape [{}], not [{}]", c.node().op->inputs[i].name,
                to_string(c.shape(i)), to_string(wanted));
  };
  check(1, {d, g, x[2]});
  check(2, {d, g, h});
  check(3, {d, g * Dim(2)});
  check(4, {d, x[1], h});
  if (cell == Cell::lstm) check(5, {d, x[1], h});
  const DType type = c.input(0).dtype;
  std::vector<ValueType> out{{type, {x[0], d, x[1], h}}, {type, {d, x[1], h}}};
  if (cell == Cell::lstm) out.push_back(out[1]);
  return out;
}

}  // namespace

OpDef recurrent_definition(std::string name, std::string doc, Cell cell) {
  OpDef def{.name = std::move(name),
            .doc = std::move(doc),
            .inputs = {{"x"}, {"w"}, {"r"}, {"b", true}, {"h0", true}},
            .attrs = {{"hidden", AttrType::integer, std::nullopt, "H, size of the state", 1, 1 << 24},
                      {"direction",
                       AttrType::text,
                       Attr("forward"),
                       "which way the steps are walked",
                       {},
                       {},
                       {"forward", "reverse", "bidirectional"}}},
            .infer = [cell](const OpContext& c) { return infer(c, cell); },
            .macs =
                [](const OpContext& c) {
                  return c.shape(0)[0] * c.shape(0)[1] * (product(c.shape(1)) + product(c.shape(2)));
                }};
  if (cell == Cell::lstm) def.inputs.push_back({"c0", true});
  return def;
}

}  // namespace frugal
