#include <algorithm>

#include "base/text.h"
#include "graph/costs.h"
#include "graph/op.h"
#include "graph/print.h"

namespace frugal {
namespace {

constexpr int kBoxWidth = 250, kBoxHeight = 42, kColumn = 290, kRow = 66, kMargin = 24;

struct Box {
  std::string title, detail, colour;
  int row = 0, column = 0;
  int x() const { return kMargin + column * kColumn; }
  int y() const { return kMargin + 40 + row * kRow; }
};

std::string shorten(const std::string& text, std::size_t limit) {
  return text.size() <= limit ? text : "\u2026" + text.substr(text.size() - limit + 1);
}

std::string amount(std::int64_t n) {
  if (n >= 1'000'000'000) return fmt::format("{:.2f} G", static_cast<double>(n) / 1e9);
  if (n >= 1'000'000) return fmt::format("{:.1f} M", static_cast<double>(n) / 1e6);
  if (n >= 1'000) return fmt::format("{:.1f} K", static_cast<double>(n) / 1e3);
  return std::to_string(n) + " ";
}

// Layers that cost are told from layers that only move or scale data.
std::string colour(const Node& node) {
  if (node.op->macs) return "#cfe3fb";
  if (node.inputs.size() > 1 && node.inputs[1] != kNone && node.op->inputs.size() <= 2) return "#fbe3c4";  // joins
  return node.op->attrs.empty() ? "#dff0d8" : "#eeeeee";
}

// A node stands one row below its lowest input; within a row it takes the column of its first input
// where that is free, so that chains are straight and branches stand beside them.
std::vector<Box> place(const Graph& graph, const Costs& costs) {
  std::vector<Box> boxes;
  std::vector<int> box_of(graph.values().size(), -1);
  std::vector<std::vector<bool>> taken;
  auto put = [&](Box box, int wanted) {
    if (taken.size() <= static_cast<std::size_t>(box.row)) taken.resize(static_cast<std::size_t>(box.row) + 1);
    std::vector<bool>& row = taken[static_cast<std::size_t>(box.row)];
    while (static_cast<std::size_t>(wanted) < row.size() && row[static_cast<std::size_t>(wanted)]) ++wanted;
    if (row.size() <= static_cast<std::size_t>(wanted)) row.resize(static_cast<std::size_t>(wanted) + 1);
    row[static_cast<std::size_t>(wanted)] = true;
    box.column = wanted;
    boxes.push_back(std::move(box));
    return static_cast<int>(boxes.size()) - 1;
  };
  int column = 0;
  for (ValueId id : graph.inputs()) {
    const Value& v = graph.value(id);
    box_of[static_cast<std::size_t>(id)] = put({v.name, to_string(v.type), "#ffffff"}, column++);
  }
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    Box box{node.op->name + "  " + shorten(node.name, 26), to_string(costs.layers[i].outputs[0].shape), colour(node)};
    if (costs.layers[i].macs > 0) box.detail += "  \u00b7  " + amount(costs.layers[i].macs) + "MAC";
    int wanted = -1;
    for (ValueId id : node.inputs) {
      int from = id == kNone ? -1 : box_of[static_cast<std::size_t>(id)];
      if (from < 0) continue;
      const Box& source = boxes[static_cast<std::size_t>(from)];
      box.row = std::max(box.row, source.row + 1);
      wanted = wanted < 0 ? source.column : std::min(wanted, source.column);
    }
    int at = put(std::move(box), std::max(0, wanted));
    for (ValueId id : node.outputs) box_of[static_cast<std::size_t>(id)] = at;
  }
  return boxes;
}

std::string draw_box(const Box& box) {
  return fmt::format(
      "<rect x='{}' y='{}' width='{}' height='{}' rx='7' fill='{}' stroke='#555'/>"
      "<text x='{}' y='{}' font-weight='600'>{}</text><text x='{}' y='{}' fill='#444'>{}</text>\n",
      box.x(), box.y(), kBoxWidth, kBoxHeight, box.colour, box.x() + 10, box.y() + 17, xml_escaped(box.title),
      box.x() + 10, box.y() + 33, xml_escaped(box.detail));
}

std::string draw_edge(const Box& from, const Box& to) {
  int x1 = from.x() + kBoxWidth / 2, y1 = from.y() + kBoxHeight, x2 = to.x() + kBoxWidth / 2, y2 = to.y();
  if (to.row == from.row + 1 || from.column != to.column)
    return fmt::format("<path d='M{} {} C{} {} {} {} {} {}'/>\n", x1, y1, x1, y1 + 20, x2, y2 - 20, x2, y2);
  int side = from.x() + kBoxWidth + 14;  // passes beside the boxes between
  return fmt::format("<path d='M{} {} C{} {} {} {} {} {} L{} {} C{} {} {} {} {} {}'/>\n", x1, y1, x1, y1 + 14, side,
                     y1 + 4, side, y1 + 26, side, y2 - 26, side, y2 - 4, x2, y2 - 14, x2, y2);
}

}  // namespace

std::string to_svg(const Graph& graph) {
  Costs costs = compute_costs(graph);
  std::vector<Box> boxes = place(graph, costs);
  int columns = 1, rows = 1;
  for (const Box& b : boxes) columns = std::max(columns, b.column + 1), rows = std::max(rows, b.row + 1);
  int width = 2 * kMargin + columns * kColumn, height = 2 * kMargin + 40 + rows * kRow;

  std::string edges, nodes;
  std::size_t inputs = graph.inputs().size();
  auto box_of = [&](ValueId id) -> const Box* {
    const Value& v = graph.value(id);
    if (v.kind == ValueKind::node) return &boxes[inputs + static_cast<std::size_t>(v.producer)];
    for (std::size_t i = 0; i < inputs; ++i)
      if (graph.inputs()[i] == id) return &boxes[i];
    return nullptr;  // a weight
  };
  for (std::size_t i = 0; i < graph.nodes().size(); ++i)
    for (ValueId id : graph.nodes()[i].inputs)
      if (const Box* from = id == kNone ? nullptr : box_of(id)) edges += draw_edge(*from, boxes[inputs + i]);
  for (const Box& b : boxes) nodes += draw_box(b);
  return fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' width='{0}' height='{1}' viewBox='0 0 {0} {1}' font-family='sans-serif' "
      "font-size='12'>\n"
      "<rect width='100%' height='100%' fill='#fafafa'/>\n"
      "<defs><marker id='tip' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7' markerHeight='7' orient='auto'>"
      "<path d='M0 0L8 4L0 8z' fill='#666'/></marker></defs>\n"
      "<text x='{2}' y='{3}' font-size='17' font-weight='700'>{4}</text>"
      "<text x='{2}' y='{5}' fill='#444'>{6}parameters, {7}MAC</text>\n"
      "<g fill='none' stroke='#666' stroke-width='1.4' marker-end='url(#tip)'>\n{8}</g>\n{9}</svg>\n",
      width, height, kMargin, kMargin + 4, xml_escaped(graph.name()), kMargin + 22, amount(costs.params),
      amount(costs.macs), edges, nodes);
}

}  // namespace frugal
